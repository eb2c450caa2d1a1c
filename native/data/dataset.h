// Reading labelled reviews, whatever form they come in.
//
// `data` may be
//   - FILE.tsv (native/data/tsv.h): kTest is the whole file; kTrain and kValidation are nine tenths and one tenth of
//   it,
//     cut as for a plain aclImdb folder (runs of lines, near-duplicates kept on one side). Who has separate files for
//     training and validation puts them in one folder (next line) or calls read_tsv;
//   - FILE.jsonl (native/data/json_lines.h): kTest is the whole file, the only split it has;
//   - a folder with train.tsv, validation.tsv and test.tsv: the file of that name, whole;
//   - the folder `coppice fetch imdb` leaves (aclImdb/ and splits.json);
//   - a plain aclImdb folder, or the folder that holds it: validation is cut off train by the same rule and seed, so
//     the result is that of `coppice fetch imdb` from the same archive.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "native/data/review.h"
#include "shared/base/status.h"

namespace coppice::data {

enum class Split { kTrain, kValidation, kTest };

Result<Split> parse_split(const std::string& name);  // "train", "validation", "test"
const char* name_of(Split split);

// Reviews in a fixed order (aclImdb: negative first, by number; TSV: by line). `limit` > 0 takes a sample that is the
// same on every machine, half of each class as far as there are enough, and nested: a larger limit only adds.
Result<std::vector<Review>> read_reviews(const std::filesystem::path& data, Split split, size_t limit = 0);

// The sample `read_reviews` takes, in the order of `reviews`.
std::vector<Review> balanced_sample(std::vector<Review> reviews, size_t limit);

// Lower-case hex SHA-256 over ids, labels and texts, whatever the order of the reviews: names a test set in a manifest.
std::string reviews_sha256(const std::vector<Review>& reviews);

}  // namespace coppice::data
