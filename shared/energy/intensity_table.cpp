#include "shared/energy/intensity_table.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "shared/base/csv.h"
#include "shared/energy/names.h"
#include "shared/energy/places.h"

namespace coppice::energy {

namespace {

constexpr int kFirstYear = 1950;
constexpr int kLastYear = 2100;
constexpr char kExpectedHeader[] =
    "expected a header with iso_code and g_per_kwh, and any of name, region, cloud_provider, cloud_region, year, "
    "source";

std::string country_key(const std::string& iso3) { return "country " + upper(squeeze(iso3)); }

// A region that the tables compiled in know by several names has one key.
std::string region_key(const std::string& iso3, const std::string& region) {
  const std::string country = upper(squeeze(iso3));
  const RegionRow* known = find_region(country, region);
  return "region " + country + " " + (known != nullptr ? std::string(known->name) : squeeze(lower(region)));
}

std::string cloud_key(const std::string& provider, const std::string& region) {
  return "cloud " + squeeze(lower(provider)) + " " + squeeze(lower(region));
}

bool is_iso3(const std::string& code) {
  return code == "WORLD" ||
         (code.size() == 3 && code.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos);
}

// Digits, sign, point and exponent only: strtod would take "inf", "0x1F" and leading blanks too.
std::optional<double> to_number(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789.eE+-") != std::string::npos) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (*end != '\0') return std::nullopt;
  return value;
}

std::string shown(const std::string& text) {
  return "\"" + text.substr(0, 40) + (text.size() > 40 ? "..." : "") + "\"";
}

}  // namespace

struct IntensityTable::Columns {
  static constexpr std::array<const char*, 8> kNames = {"iso_code", "name",   "g_per_kwh",      "year",
                                                        "source",   "region", "cloud_provider", "cloud_region"};
  std::map<std::string, size_t> at;  // by name
  size_t count = 0;

  [[nodiscard]] std::string cell(const std::vector<std::string>& cells, const std::string& name) const {
    const auto found = at.find(name);
    return found == at.end() ? "" : squeeze(cells[found->second]);
  }
  // "table.csv, line 3, column 2 (g_per_kwh)"
  [[nodiscard]] std::string where(const std::string& source, size_t line, const std::string& name) const {
    return source + ", line " + std::to_string(line) + ", column " + std::to_string(at.at(name) + 1) + " (" + name +
           ")";
  }
  static Result<Columns> from(const CsvRecord& header, const std::string& source) {
    Columns columns;
    columns.count = header.cells.size();
    for (size_t i = 0; i < header.cells.size(); ++i) {
      const std::string name = lower(squeeze(header.cells[i]));
      const std::string where = source + ", line " + std::to_string(header.line) + ", column " + std::to_string(i + 1);
      bool known = false;
      for (const char* allowed : kNames) known = known || name == allowed;
      if (!known) {
        const bool semicolons = header.cells.size() == 1 && name.find(';') != std::string::npos;
        return invalid_input(where + ": " + shown(header.cells[i]) + " is no column of this table; " + kExpectedHeader +
                             (semicolons ? ". Cells are separated by commas here, not by semicolons" : ""));
      }
      if (!columns.at.emplace(name, i).second) return invalid_input(where + ": the column " + name + " is there twice");
    }
    for (const char* needed : {"iso_code", "g_per_kwh"}) {
      if (!columns.at.contains(needed)) {
        return invalid_input(source + ", line " + std::to_string(header.line) + ": there is no column " + needed +
                             "; " + kExpectedHeader);
      }
    }
    return columns;
  }
};

Status IntensityTable::add(const std::vector<std::string>& cells, const Columns& columns, size_t line) {
  const auto fault = [&](const std::string& column, const std::string& what) {
    return invalid_input(columns.where(source_, line, column) + ": " + what);
  };
  const std::string iso3 = upper(columns.cell(cells, "iso_code"));
  const std::string region = columns.cell(cells, "region");
  const std::string provider = columns.cell(cells, "cloud_provider");
  const std::string cloud_region = columns.cell(cells, "cloud_region");
  if (provider.empty() != cloud_region.empty()) {
    return fault(provider.empty() ? "cloud_region" : "cloud_provider",
                 "cloud_provider and cloud_region go together; one of them is empty");
  }
  if (const std::string name = lower(provider); !name.empty() && name != "gcp" && name != "aws" && name != "azure") {
    return fault("cloud_provider", "expected gcp, aws or azure, found " + shown(provider));
  }
  if (iso3 == "WORLD" && !region.empty()) return fault("region", "the world has no regions; give the region's country");
  if (!provider.empty() && !region.empty())
    return fault("region", "a row is for a region or for a cloud region, not both");
  if (!(iso3.empty() && !provider.empty()) && !is_iso3(iso3)) {
    return fault("iso_code", "expected an ISO 3166 alpha-3 code such as FRA, or WORLD, found " +
                                 shown(columns.cell(cells, "iso_code")));
  }

  TableEntry entry;
  entry.line = line;
  entry.name = columns.cell(cells, "name");
  entry.source = columns.cell(cells, "source");
  const std::string value = columns.cell(cells, "g_per_kwh");
  const std::optional<double> grams = to_number(value);
  if (!grams || !std::isfinite(*grams)) {
    return fault("g_per_kwh", "expected a number with a decimal point, found " + shown(value));
  }
  if (*grams <= 0.0) {
    return fault("g_per_kwh",
                 "expected more than 0, found " + value +
                     (*grams == 0.0 ? "; published tables write 0 for \"no data\": leave the row out" : ""));
  }
  if (*grams > kMostGramsPerKwh) {
    return fault("g_per_kwh", "expected at most 3000 g/kWh, found " + value + "; is it in another unit?");
  }
  entry.value = GramsPerKwh(*grams);
  if (const std::string year = columns.cell(cells, "year"); !year.empty()) {
    const std::optional<double> number = to_number(year);
    if (!number || *number < kFirstYear || *number > kLastYear || std::floor(*number) != *number) {
      return fault("year", "expected a year from 1950 to 2100, found " + shown(year));
    }
    entry.year = static_cast<int>(*number);
  }

  const std::string key = !provider.empty() ? cloud_key(provider, cloud_region)
                          : !region.empty() ? region_key(iso3, region)
                                            : country_key(iso3);
  std::map<int, TableEntry>& years = places_[key];
  // Without a year it cannot be told which of two rows is the newer one.
  const auto clash = years.empty()       ? years.end()
                     : entry.year == 0   ? years.begin()
                     : years.contains(0) ? years.find(0)
                                         : years.find(entry.year);
  if (clash != years.end()) {
    return fault("iso_code", "the place of this row is on line " + std::to_string(clash->second.line) +
                                 " too; a place may stand there once a year, with its year");
  }
  years.emplace(entry.year, std::move(entry));
  ++entries_;
  return {};
}

Result<IntensityTable> IntensityTable::parse(std::string_view csv, const std::string& source) {
  if (csv.size() > kMostTableBytes) {
    return invalid_input(source + ": larger than " + std::to_string(kMostTableBytes >> 20) +
                         " MB; expected a table of countries and regions");
  }
  IntensityTable table;
  table.source_ = source;
  CsvReader reader(csv, source);
  COPPICE_ASSIGN_OR_RETURN(const auto header, reader.next());
  if (!header) return invalid_input(source + ": is empty; " + kExpectedHeader);
  COPPICE_ASSIGN_OR_RETURN(const Columns columns, Columns::from(*header, source));
  for (;;) {
    COPPICE_ASSIGN_OR_RETURN(const auto record, reader.next());
    if (!record) break;
    if (record->cells.size() != columns.count) {
      return invalid_input(source + ", line " + std::to_string(record->line) + ": expected " +
                           std::to_string(columns.count) + " cells as in the header, found " +
                           std::to_string(record->cells.size()));
    }
    COPPICE_RETURN_IF_ERROR(table.add(record->cells, columns, record->line));
  }
  if (table.entries_ == 0) return invalid_input(source + ": has a header and no row below it");
  return table;
}

const TableEntry* IntensityTable::find(const std::string& key, int year) const {
  const auto place = places_.find(key);
  if (place == places_.end()) return nullptr;
  if (year == 0) return &place->second.rbegin()->second;
  const auto entry = place->second.find(year);
  return entry == place->second.end() ? nullptr : &entry->second;
}

const TableEntry* IntensityTable::country(const std::string& iso3, int year) const {
  return find(country_key(iso3), year);
}

const TableEntry* IntensityTable::region(const std::string& iso3, const std::string& region, int year) const {
  return find(region_key(iso3, region), year);
}

const TableEntry* IntensityTable::cloud(const std::string& provider, const std::string& region, int year) const {
  return find(cloud_key(provider, region), year);
}

}  // namespace coppice::energy
