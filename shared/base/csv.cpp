#include "shared/base/csv.h"

namespace coppice {

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  quoted += '"';
  return quoted;
}

std::string csv_text_cell(std::string_view text) {
  const bool formula = !text.empty() && std::string_view("=+-@\t\r\n").find(text.front()) != std::string_view::npos;
  return formula ? csv_cell("'" + std::string(text)) : csv_cell(text);
}

CsvReader::CsvReader(std::string_view text, std::string source) : rest_(text), source_(std::move(source)) {
  if (rest_.substr(0, 3) == "\xEF\xBB\xBF") rest_.remove_prefix(3);
}

Status CsvReader::error(size_t line, size_t cell, const std::string& what) const {
  return invalid_input(source_ + ", line " + std::to_string(line) + ", cell " + std::to_string(cell) + ": " + what);
}

// Past the opening quote. Leaves the reader behind the closing one.
Result<std::string> CsvReader::quoted_cell(size_t line, size_t cell) {
  std::string text;
  for (;;) {
    const size_t quote = rest_.find('"');
    if (quote == std::string_view::npos) return error(line, cell, "the quote that opens here is never closed");
    const std::string_view part = rest_.substr(0, quote);
    if (part.find('\0') != std::string_view::npos) return error(line, cell, "holds a byte 0; expected text in UTF-8");
    for (const char c : part) line_ += c == '\n' ? 1 : 0;
    text += part;
    rest_.remove_prefix(quote + 1);
    if (rest_.empty() || rest_.front() != '"') return text;
    text += '"';
    rest_.remove_prefix(1);
  }
}

Result<std::optional<CsvRecord>> CsvReader::next() {
  if (rest_.substr(0, 2) == "\xFF\xFE" || rest_.substr(0, 2) == "\xFE\xFF") {
    return invalid_input(source_ + ": is in UTF-16; save it as UTF-8 (in a spreadsheet: \"CSV UTF-8\")");
  }
  while (!rest_.empty() && (rest_.front() == '\n' || rest_.substr(0, 2) == "\r\n")) {
    rest_.remove_prefix(rest_.front() == '\n' ? 1 : 2);
    ++line_;
  }
  if (rest_.empty()) return std::optional<CsvRecord>();
  CsvRecord record{line_, {}};
  for (;;) {
    const size_t cell = record.cells.size() + 1;
    if (!rest_.empty() && rest_.front() == '"') {
      rest_.remove_prefix(1);
      COPPICE_ASSIGN_OR_RETURN(std::string text, quoted_cell(line_, cell));
      record.cells.push_back(std::move(text));
    } else {
      const size_t end = std::min(rest_.find_first_of(",\r\n\""), rest_.size());
      const std::string_view text = rest_.substr(0, end);
      if (text.find('\0') != std::string_view::npos) {
        return error(line_, cell, "holds a byte 0; expected text in UTF-8");
      }
      record.cells.emplace_back(text);
      rest_.remove_prefix(end);
      if (!rest_.empty() && rest_.front() == '"') {
        return error(line_, cell, "a quote inside a cell without quotes; put the whole cell in quotes and double it");
      }
    }
    if (rest_.empty()) return std::optional(std::move(record));
    if (rest_.front() == ',') {
      rest_.remove_prefix(1);
      continue;
    }
    if (rest_.front() == '\n' || rest_.substr(0, 2) == "\r\n") {
      rest_.remove_prefix(rest_.front() == '\n' ? 1 : 2);
      ++line_;
      return std::optional(std::move(record));
    }
    return error(line_, cell,
                 rest_.front() == '\r' ? "a carriage return that ends no line" : "text after the closing quote");
  }
}

}  // namespace coppice
