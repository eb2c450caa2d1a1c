// Carbon intensities newer than those compiled in, from a CSV file of the user's.
//
// The header names the columns, in any order:
//   iso_code,g_per_kwh                                    needed (iso_code may be empty in a cloud row)
//   name,region,cloud_provider,cloud_region,year,source   optional
// A row with a region or a cloud region is for that place, any other for the country; "WORLD" is the world. One place
// may have several years: the newest answers unless a year is asked for.
//
//   iso_code,name,g_per_kwh,year,source
//   FRA,France,44.2,2025,"RTE, annual report"
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"
#include "shared/energy/units.h"

namespace coppice::energy {

// No grid comes near it (oil shale: about 1,000 g/kWh): a larger value is a slip of the unit.
inline constexpr double kMostGramsPerKwh = 3000.0;
inline constexpr size_t kMostTableBytes = size_t{10} << 20;

struct TableEntry {
  GramsPerKwh value;
  std::string name;    // "" if the file has none
  std::string source;  // "" if the file has none
  int year = 0;        // 0: not told
  size_t line = 0;
};

class IntensityTable {
 public:
  // `source` names the file in messages and in what is answered from it. Strict: every cell is checked, and the first
  // fault is an error (kInvalidInput) with its line and column. A value must be more than 0 (which published tables use
  // for "no data") and at most kMostGramsPerKwh; a place with a year may stand there once.
  static Result<IntensityTable> parse(std::string_view csv, const std::string& source);

  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] size_t size() const { return entries_; }

  // Names as in PlaceQuery; regions also by the other names of the tables compiled in. Year 0: the newest. nullptr: the
  // file has none.
  [[nodiscard]] const TableEntry* country(const std::string& iso3, int year) const;
  [[nodiscard]] const TableEntry* region(const std::string& iso3, const std::string& region, int year) const;
  [[nodiscard]] const TableEntry* cloud(const std::string& provider, const std::string& region, int year) const;

 private:
  struct Columns;
  Status add(const std::vector<std::string>& cells, const Columns& columns, size_t line);
  [[nodiscard]] const TableEntry* find(const std::string& key, int year) const;

  std::string source_;
  size_t entries_ = 0;
  std::map<std::string, std::map<int, TableEntry>> places_;  // by place, then year
};

}  // namespace coppice::energy
