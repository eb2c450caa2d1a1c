#include "native/backend/texts.h"

#include <fstream>
#include <iostream>

#include "native/data/tsv.h"
#include "native/io/file.h"
#include "shared/base/json.h"
#include "shared/text/utf8.h"

namespace coppice::backend {
namespace {

Result<Json> parse_text_line(const std::string& line, const std::string& where) {
  if (const size_t bad = text::find_invalid_utf8(line); bad != std::string_view::npos) {
    return invalid_input(where + ": not UTF-8 at byte " + std::to_string(bad) + "; JSON is UTF-8");
  }
  COPPICE_ASSIGN_OR_RETURN(Json document, parse_json(line, where));
  JsonReader reader(document, where);
  reader.string("text");
  COPPICE_RETURN_IF_ERROR(reader.status());
  return document;
}

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t\r") == std::string::npos; }

Result<int> expected_label(const Json& document, const std::string& where) {
  if (!document.contains("label") || document["label"].is_null()) return -1;
  const Json& label = document["label"];
  if (label == 0 || label == "negative") return 0;
  if (label == 1 || label == "positive") return 1;
  return invalid_input(where + ": label: expected 0, 1, \"negative\", \"positive\" or null");
}

Status for_each_line(std::istream& input, const std::string& name,
                     const std::function<Status(const std::string& line, const std::string& where)>& on_line) {
  std::string line;
  for (size_t number = 1; std::getline(input, line); ++number) {
    if (!is_blank(line)) COPPICE_RETURN_IF_ERROR(on_line(line, name + ", line " + std::to_string(number)));
  }
  return input.bad() ? failed("cannot read " + name) : Status();
}

}  // namespace

Status for_each_json_text(const std::string& path, const std::function<Status(const std::string& text)>& on_text) {
  const auto on_line = [&](const std::string& line, const std::string& where) -> Status {
    COPPICE_ASSIGN_OR_RETURN(const Json document, parse_text_line(line, where));
    return on_text(document["text"].get<std::string>());
  };
  if (path == "-") return for_each_line(std::cin, "standard input", on_line);
  std::ifstream file(path);
  if (!file) return not_found("cannot open " + path);
  return for_each_line(file, path, on_line);
}

Result<std::vector<Prompt>> read_prompts(const std::string& path) {
  std::vector<Prompt> prompts;
  if (path.ends_with(".tsv")) {
    COPPICE_ASSIGN_OR_RETURN(const std::vector<data::Review> reviews, data::read_tsv(path));
    for (const data::Review& review : reviews) prompts.push_back({review.id, review.text, "", review.label});
    return prompts;
  }
  std::ifstream file(path);
  if (!file) return not_found("cannot open " + path);
  const bool json_lines = path.ends_with(".jsonl");
  COPPICE_RETURN_IF_ERROR(for_each_line(file, path, [&](const std::string& line, const std::string& where) -> Status {
    Prompt prompt{std::to_string(prompts.size() + 1), line, "", -1};
    if (json_lines) {
      COPPICE_ASSIGN_OR_RETURN(const Json document, parse_text_line(line, where));
      JsonReader reader(document, where);
      prompt.text = reader.string("text");
      prompt.kind = reader.string_or("kind", "");
      if (document.contains("id"))
        prompt.id = document["id"].is_string() ? document["id"].get<std::string>() : dump_json(document["id"]);
      COPPICE_RETURN_IF_ERROR(reader.status());
      COPPICE_ASSIGN_OR_RETURN(prompt.expected_label, expected_label(document, where));
    } else if (!prompt.text.empty() && prompt.text.back() == '\r') {
      prompt.text.pop_back();
    }
    prompts.push_back(std::move(prompt));
    return {};
  }));
  if (prompts.empty()) return invalid_input(path + ": no prompts in it");
  return prompts;
}

}  // namespace coppice::backend
