// One table from the three forms it is exported in: CSV with flattened names, a JSON array, JSON Lines, the latter two
// with nested objects. Names are alike afterwards: lower case, "_" between the levels ("project.id" is "project_id").
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"

namespace coppice::footprint {

inline constexpr size_t kMostTableBytes = size_t{64} << 20;

struct FlatRow {
  std::string where;                         // "export.csv, line 3" or "export.json, row 2"
  std::map<std::string, std::string> cells;  // by flattened name; what is null or absent in JSON is not there
};

struct FlatTable {
  std::string source;
  std::vector<std::string> columns;  // every name that a header or a row has
  std::vector<FlatRow> rows;

  [[nodiscard]] bool has(std::string_view column) const;
};

// kInvalidInput names line and cell or row: malformed CSV or JSON, a row with too few or too many cells, a column there
// twice, an array as a value, no row at all, more than kMostTableBytes.
Result<FlatTable> read_flat_table(std::string_view bytes, const std::string& source);

// "carbon_footprint_kgCO2e.scope1" -> "carbon_footprint_kgco2e_scope1".
std::string flat_name(std::string_view name);

// The cell's text; absent or empty is an error that names where.
Result<std::string> text_cell(const FlatRow& row, const std::string& column);
// A finite number that is not negative, in decimal notation: "NaN", "Infinity", "1,5" and "" are errors.
Result<double> amount_cell(const FlatRow& row, const std::string& column);

// A month of the calendar.
struct Month {
  int year = 0;
  int month = 0;  // 1..12
  auto operator<=>(const Month&) const = default;
};
std::string to_string(const Month& month);  // "2026-09"
// "2026-09" or the first day of the month, "2026-09-01".
Result<Month> parse_month(const std::string& text, const std::string& where);

}  // namespace coppice::footprint
