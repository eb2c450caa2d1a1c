#include "native/footprint/flat_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "shared/base/csv.h"
#include "shared/base/json.h"
#include "shared/energy/names.h"
#include "shared/energy/places.h"

namespace coppice::footprint {
namespace {

std::string shown(const std::string& text) {
  std::string quoted = "\"";
  quoted.append(text, 0, 40).append(text.size() > 40 ? "...\"" : "\"");
  return quoted;
}

Status flatten(const Json& value, const std::string& name, FlatRow& row) {
  if (value.is_null()) return {};
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      std::string below = name;
      if (!below.empty()) below += '_';
      below += flat_name(key);
      COPPICE_RETURN_IF_ERROR(flatten(member, below, row));
    }
    return {};
  }
  if (name.empty()) return invalid_input(row.where + ": expected an object with the columns as members");
  if (value.is_array()) return invalid_input(row.where + ": " + name + ": expected one value, found an array");
  const std::string text = value.is_string() ? value.get<std::string>() : dump_json(value);
  if (!row.cells.emplace(name, text).second) {
    return invalid_input(row.where + ": " + name + " is there twice, nested and flat");
  }
  return {};
}

Status add_json(const Json& value, std::string where, FlatTable& table) {
  FlatRow row{std::move(where), {}};
  COPPICE_RETURN_IF_ERROR(flatten(value, "", row));
  table.rows.push_back(std::move(row));
  return {};
}

Status read_json_lines(std::string_view bytes, FlatTable& table) {
  size_t line = 0;
  while (!bytes.empty()) {
    const size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::string_view text = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    ++line;
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = table.source + ", line " + std::to_string(line);
    COPPICE_ASSIGN_OR_RETURN(const Json value, parse_json(text, where));
    COPPICE_RETURN_IF_ERROR(add_json(value, where, table));
  }
  return {};
}

Status read_csv(std::string_view bytes, FlatTable& table) {
  CsvReader reader(bytes, table.source);
  COPPICE_ASSIGN_OR_RETURN(const std::optional<CsvRecord> header, reader.next());
  if (!header) return {};
  for (const std::string& cell : header->cells) {
    const std::string name = flat_name(cell);
    if (std::find(table.columns.begin(), table.columns.end(), name) != table.columns.end()) {
      return invalid_input(table.source + ", line " + std::to_string(header->line) + ": the column " + shown(cell) +
                           " is there twice");
    }
    table.columns.push_back(name);
  }
  for (;;) {
    COPPICE_ASSIGN_OR_RETURN(std::optional<CsvRecord> record, reader.next());
    if (!record) return {};
    FlatRow row{table.source + ", line " + std::to_string(record->line), {}};
    if (record->cells.size() != table.columns.size()) {
      return invalid_input(row.where + ": " + std::to_string(record->cells.size()) + " cells; the header has " +
                           std::to_string(table.columns.size()));
    }
    for (size_t i = 0; i < record->cells.size(); ++i) {
      if (!record->cells[i].empty()) row.cells.emplace(table.columns[i], std::move(record->cells[i]));
    }
    table.rows.push_back(std::move(row));
  }
}

}  // namespace

bool FlatTable::has(std::string_view column) const {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

std::string flat_name(std::string_view name) {
  std::string flat = energy::lower(energy::squeeze(name));
  std::replace(flat.begin(), flat.end(), '.', '_');
  return flat;
}

Result<FlatTable> read_flat_table(std::string_view bytes, const std::string& source) {
  if (bytes.size() > kMostTableBytes) {
    return invalid_input(source + ": is larger than 64 MB; export fewer months, or one project");
  }
  FlatTable table;
  table.source = source;
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  const char opening = first == std::string_view::npos ? '\0' : bytes[first];
  if (opening == '[') {
    COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(bytes, source));
    size_t number = 0;
    for (const Json& value : document) {
      std::string where = source;
      where.append(", row ").append(std::to_string(++number));
      COPPICE_RETURN_IF_ERROR(add_json(value, std::move(where), table));
    }
  } else if (opening == '{') {
    COPPICE_RETURN_IF_ERROR(read_json_lines(bytes, table));
  } else {
    COPPICE_RETURN_IF_ERROR(read_csv(bytes, table));
  }
  if (table.rows.empty()) return invalid_input(source + ": holds no row; expected a header and at least one");
  if (opening == '[' || opening == '{') {
    std::set<std::string> names;
    for (const FlatRow& row : table.rows) {
      for (const auto& [name, text] : row.cells) names.insert(name);
    }
    table.columns.assign(names.begin(), names.end());
  }
  return table;
}

Result<std::string> text_cell(const FlatRow& row, const std::string& column) {
  const auto found = row.cells.find(column);
  if (found == row.cells.end()) return invalid_input(row.where + ": " + column + ": is empty; expected a value");
  return found->second;
}

Result<double> amount_cell(const FlatRow& row, const std::string& column) {
  COPPICE_ASSIGN_OR_RETURN(const std::string text, text_cell(row, column));
  double value = 0.0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  const std::string where = row.where + ": " + column + ": ";
  if (error != std::errc() || rest != end || !std::isfinite(value)) {
    return invalid_input(where + "expected a number such as 0.25 or 1.2e-4, found " + shown(text));
  }
  if (value < 0.0) return invalid_input(where + "is negative (" + text + "); amounts start at 0");
  return value;
}

std::string to_string(const Month& month) {
  const std::string number = std::to_string(month.month);
  std::string text = std::to_string(month.year);
  text.append(month.month < 10 ? "-0" : "-").append(number);
  return text;
}

Result<Month> parse_month(const std::string& text, const std::string& where) {
  const auto digits = [&](size_t at, size_t count) {
    int value = 0;
    const char* begin = text.data() + at;
    const auto [rest, error] = std::from_chars(begin, begin + count, value);
    return error == std::errc() && rest == begin + count ? value : -1;
  };
  const bool shape = (text.size() == 7 || (text.size() == 10 && text.substr(7) == "-01")) && text[4] == '-';
  const Month month = shape ? Month{digits(0, 4), digits(5, 2)} : Month{};
  if (month.year >= 2000 && month.year <= 2100 && month.month >= 1 && month.month <= 12) return month;
  return invalid_input(where + ": expected a month such as 2026-09 or its first day 2026-09-01, found " + shown(text));
}

}  // namespace coppice::footprint
