#include "native/data/json_lines.h"

#include <unordered_map>

#include "native/io/file.h"
#include "shared/base/json.h"
#include "shared/text/utf8.h"

namespace coppice::data {
namespace {

// -1: none.
Result<int> label_of(const Json& document, const std::string& where) {
  if (!document.contains("label") || document["label"].is_null()) return -1;
  const Json& label = document["label"];
  if (label == 0 || label == "negative") return 0;
  if (label == 1 || label == "positive") return 1;
  return invalid_input(where + R"(: label: expected 0, 1, "negative", "positive" or null)");
}

Result<LabelledLine> parse_line(std::string_view line, const std::string& where) {
  if (const size_t bad = text::find_invalid_utf8(line); bad != std::string_view::npos) {
    return invalid_input(where + ": not UTF-8 at byte " + std::to_string(bad) + "; JSON is UTF-8");
  }
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(line, where));
  JsonReader reader(document, where);
  LabelledLine labelled;
  Review& review = labelled.review;
  review.text = reader.string("text");
  review.id = reader.string_or("id", where);
  labelled.kind = reader.string_or("kind", "");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (review.text.find_first_not_of(" \t\r\n") == std::string::npos) reader.fail("text", "is empty");
  if (review.id.empty()) reader.fail("id", "is empty");
  COPPICE_RETURN_IF_ERROR(reader.status());
  COPPICE_ASSIGN_OR_RETURN(review.label, label_of(document, where));
  return labelled;
}

}  // namespace

Result<std::vector<LabelledLine>> parse_json_lines(std::string_view bytes, const std::string& name) {
  std::vector<LabelledLine> lines;
  std::unordered_map<std::string, std::string> seen;  // id -> where
  COPPICE_RETURN_IF_ERROR(for_each_json_line(bytes, name, [&](std::string_view line, const std::string& where) {
    Result<LabelledLine> parsed = parse_line(line, where);
    if (!parsed) return parsed.status();
    const auto [first, is_new] = seen.emplace(parsed->review.id, where);
    if (!is_new) {
      return invalid_input(where + ": id: \"" + parsed->review.id + "\" is that of " + first->second + " too");
    }
    if (parsed->review.label >= 0) lines.push_back(std::move(*parsed));
    return Status();
  }));
  if (lines.empty()) return invalid_input(name + ": no labelled review in it; expected {\"text\",\"label\"} per line");
  return lines;
}

Result<std::vector<LabelledLine>> read_json_lines(const std::filesystem::path& path) {
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(path));
  Result<std::vector<LabelledLine>> lines = parse_json_lines(bytes, path.filename().string());
  if (!lines && path.has_parent_path()) return lines.status().with_context("in " + path.parent_path().string());
  return lines;
}

}  // namespace coppice::data
