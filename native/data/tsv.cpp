#include "native/data/tsv.h"

#include <algorithm>

#include "native/io/file.h"
#include "shared/text/utf8.h"

namespace coppice::data {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr const char* kExpected = "expected label<TAB>text with label 0 (negative) or 1 (positive)";

// What stands where the label should be, short and printable.
std::string quoted(std::string_view field) {
  std::string shown;
  for (const char c : field.substr(0, 20)) shown += c >= 0x20 && c < 0x7F ? c : '?';
  return "\"" + shown + (field.size() > 20 ? "...\"" : "\"");
}

Result<Review> parse_line(std::string_view line) {
  const size_t tab = line.find('\t');
  if (tab == std::string_view::npos) return invalid_input(std::string("no tab; ") + kExpected);
  const std::string_view label = line.substr(0, tab);
  const std::string_view text = line.substr(tab + 1);
  if (label != "0" && label != "1") return invalid_input("the label is " + quoted(label) + "; " + kExpected);
  if (text.find_first_not_of(" \t\r") == std::string_view::npos) {
    return invalid_input(std::string("the text is empty; ") + kExpected);
  }
  if (text.find('\t') != std::string_view::npos) {
    return invalid_input(std::string("a second tab; ") + kExpected + ", and no further tab (replace it by a space)");
  }
  if (text.find('\0') != std::string_view::npos) {
    return invalid_input("a NUL byte; expected UTF-8 text (is the file UTF-16? convert it with iconv)");
  }
  if (const size_t offset = text::find_invalid_utf8(text); offset != std::string_view::npos) {
    return invalid_input("byte " + std::to_string(tab + 2 + offset) +
                         " of the line is not UTF-8; convert the file to UTF-8 (iconv)");
  }
  return Review{std::string(text), label == "1" ? 1 : 0, {}};
}

}  // namespace

Result<std::vector<Review>> parse_tsv(std::string_view bytes, const std::string& name) {
  if (bytes.substr(0, kByteOrderMark.size()) == kByteOrderMark) bytes.remove_prefix(kByteOrderMark.size());
  std::vector<Review> reviews;
  for (size_t number = 1; !bytes.empty(); ++number) {
    const size_t end = std::min(bytes.find('\n'), bytes.size());
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    Result<Review> review = parse_line(line);
    const std::string where = name + ":" + std::to_string(number);
    if (!review) return review.status().with_context(where);
    review->id = where;
    reviews.push_back(std::move(*review));
  }
  if (reviews.empty()) return invalid_input(name + ": no review in it; " + kExpected + " per line");
  return reviews;
}

Result<std::vector<Review>> read_tsv(const std::filesystem::path& path) {
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(path));
  // Ids hold the file's name and not its folder, so that the hash of a test set does not depend on where it lies.
  Result<std::vector<Review>> reviews = parse_tsv(bytes, path.filename().string());
  if (!reviews && path.has_parent_path()) return reviews.status().with_context("in " + path.parent_path().string());
  return reviews;
}

std::string format_tsv(std::span<const Review> reviews) {
  std::string tsv;
  for (const Review& review : reviews) {
    tsv += review.label == 1 ? "1\t" : "0\t";
    for (const char c : review.text) tsv += c == '\t' || c == '\n' || c == '\r' ? ' ' : c;
    tsv += '\n';
  }
  return tsv;
}

}  // namespace coppice::data
