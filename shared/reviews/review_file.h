// A set of reviews from a file that somebody made: what is in it is read strictly, and every error names its line.
//
//   .tsv          label<TAB>text, label 0 (negative) or 1 (positive), no quoting; or a header with the names below
//   .csv          RFC 4180 with a header: a column text (or review, sentence), perhaps a column label (or sentiment)
//   .jsonl        an object a line: {"text": ..., "label": 0 | 1 | "negative" | "positive"}; also named as above.
//                 .json: one array of such objects. Other members are passed over.
//   .txt          a review a line, no labels
//
// UTF-8, with or without a byte order mark, lines ending in LF or CRLF; empty lines are passed over. A label may be
// missing or empty but in a TSV file without a header. Nothing is repaired and nothing guessed from the content.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"

namespace coppice::reviews {

inline constexpr int64_t kMostBytes = 40'000'000;  // the 25,000 reviews of IMDb's test set have 33 million
inline constexpr size_t kMostReviews = 100'000;
inline constexpr size_t kMostBytesOfOne = 1'000'000;

struct Review {
  std::string text;
  std::optional<int> label;  // 0 negative, 1 positive
  int64_t line = 0;          // of the file, where it starts; of a .json array, its place in it, from 1
};

struct ReviewFile {
  std::string name;
  std::vector<Review> reviews;  // at least one, in the file's order
  int64_t labelled = 0;
};

// `name`: the file's name, whose ending says how it is read; it stands in every message.
Result<ReviewFile> parse_review_file(const std::string& name, std::string_view bytes);

}  // namespace coppice::reviews
