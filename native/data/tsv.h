// Labelled reviews as TSV: `label<TAB>text` per line, label 0 or 1, UTF-8, no quoting, no escapes ('"' is a character).
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "native/data/review.h"
#include "shared/base/status.h"

namespace coppice::data {

// Every line of the file, in file order. A byte order mark, CRLF line ends and a missing last line end are accepted;
// empty lines are skipped. Everything else that is not `label<TAB>text` is an error that names file and line, among it
// an empty text, a second tab, bytes that are not UTF-8 and a NUL byte. A file without a review is an error.
Result<std::vector<Review>> read_tsv(const std::filesystem::path& path);

// The same for bytes already in memory; `name` goes into ids and messages.
Result<std::vector<Review>> parse_tsv(std::string_view bytes, const std::string& name);

// The TSV text of the reviews. TSV has no escapes, so tabs and line ends within a text become one space each.
std::string format_tsv(std::span<const Review> reviews);

}  // namespace coppice::data
