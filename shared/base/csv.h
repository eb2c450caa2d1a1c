// CSV (RFC 4180). Strict reading: cells in quotes, line ends of either kind, an optional byte order mark. Nothing is
// repaired: a quote out of place is an error that names its line and cell.
//
//   CsvReader reader(text, "table.csv");
//   COPPICE_ASSIGN_OR_RETURN(std::optional<CsvRecord> record, reader.next());    // absent at the end
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"

namespace coppice {

// `text` as a cell to be written: in quotes where it holds a comma, a quote or a line end.
std::string csv_cell(std::string_view text);
// The same for text that somebody else wrote: one that a spreadsheet would take for a formula (it begins with = + - @,
// a tab or a line end) gets an apostrophe before it, which spreadsheets show as text.
std::string csv_text_cell(std::string_view text);

struct CsvRecord {
  size_t line = 1;  // of the file, where the record starts; a cell in quotes may span several
  std::vector<std::string> cells;
};

class CsvReader {
 public:
  // `text` must outlive the reader; `source` names it in messages.
  CsvReader(std::string_view text, std::string source);

  // The next record; empty lines are passed over. Errors are kInvalidInput: a quote inside a cell without quotes, text
  // after a closing quote, an opening quote that is never closed, a byte 0, text in UTF-16.
  Result<std::optional<CsvRecord>> next();

 private:
  Result<std::string> quoted_cell(size_t line, size_t cell);
  [[nodiscard]] Status error(size_t line, size_t cell, const std::string& what) const;

  std::string_view rest_;
  std::string source_;
  size_t line_ = 1;
};

}  // namespace coppice
