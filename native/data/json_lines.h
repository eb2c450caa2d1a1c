// Labelled reviews as JSON Lines, for small test sets written by hand: {"text", "label", "id"?, "kind"?} a line, label
// 0, 1, "negative" or "positive", UTF-8. Lines without a label (prompts that are neither) are passed over.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "native/data/review.h"
#include "shared/base/status.h"

namespace coppice::data {

struct LabelledLine {
  Review review;
  std::string kind;  // "sarcastic", ...: what sort of text it is; empty where the line does not say
};

// In file order; a review without an id is named by its line, "FILE.jsonl:12". Empty lines are skipped. Errors name
// file and line: no JSON, bytes that are not UTF-8, no or empty text, another label, an id twice, no labelled review.
Result<std::vector<LabelledLine>> read_json_lines(const std::filesystem::path& path);

// The same for bytes already in memory; `name` goes into ids and messages.
Result<std::vector<LabelledLine>> parse_json_lines(std::string_view bytes, const std::string& name);

// Calls `on_line` with each line that is not blank, and with "NAME:NUMBER" (1-based) for messages and ids.
template <typename OnLine>
Status for_each_json_line(std::string_view bytes, const std::string& name, OnLine&& on_line) {
  for (size_t number = 1; !bytes.empty(); ++number) {
    const size_t end = bytes.find('\n');
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    COPPICE_RETURN_IF_ERROR(on_line(line, name + ":" + std::to_string(number)));
  }
  return {};
}

}  // namespace coppice::data
