// Texts to judge, from files.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "shared/base/status.h"

namespace coppice::backend {

// JSON Lines, {"text": ...} each, from a file or standard input ("-"), one at a time. Empty lines are skipped. A bad
// line is an error that names its number; the lines before it have been handed on.
Status for_each_json_text(const std::string& path, const std::function<Status(const std::string& text)>& on_text);

struct Prompt {
  std::string id;  // as given, or "1", "2", ...
  std::string text;
  std::string kind;         // "negated", "sarcastic", ... or empty
  int expected_label = -1;  // 0, 1 or -1 for none
};

// FILE.jsonl: {"text", "id"?, "kind"?, "label"? 0|1|"negative"|"positive"}; FILE.tsv: label<TAB>text; else one text per
// line.
Result<std::vector<Prompt>> read_prompts(const std::string& path);

}  // namespace coppice::backend
