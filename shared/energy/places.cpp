#include "shared/energy/places.h"

#include <algorithm>

#include "shared/energy/names.h"

namespace coppice::energy {

namespace {

bool has_name(const RegionRow& row, const std::string& name) {
  if (name == row.name) return true;
  const std::string others = std::string("|") + row.others + "|";
  return !name.empty() && name.find('|') == std::string::npos && others.find("|" + name + "|") != std::string::npos;
}

// "Beijing Municipality" and "Beijing" are one province.
std::string chinese_province(const std::string& region) {
  std::string name = squeeze(lower(region));
  for (const char* suffix : {" autonomous region", " municipality", " province", " sheng", " shi", " zizhiqu"}) {
    const std::string_view end(suffix);
    if (name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0) {
      name.resize(name.size() - end.size());
      break;
    }
  }
  return name;
}

}  // namespace

const CountryRow* find_country(std::span<const CountryRow> rows, const std::string& iso3) {
  for (const CountryRow& row : rows) {
    if (iso3 == row.iso3) return &row;
  }
  return nullptr;
}

const CloudRow* find_cloud(std::span<const CloudRow> rows, const std::string& provider, const std::string& region) {
  for (const CloudRow& row : rows) {
    if (provider == row.provider && region == row.region) return &row;
  }
  return nullptr;
}

const GoogleYearRow* find_google_year(const std::string& region, int year) {
  const GoogleYearRow* found = nullptr;
  for (const GoogleYearRow& row : google_years()) {
    if (region != row.region) continue;
    if (row.year == year) return &row;
    if (year == 0 && (found == nullptr || row.year > found->year)) found = &row;
  }
  return found;
}

std::vector<int> google_years_of(const std::string& region) {
  std::vector<int> years;
  for (const GoogleYearRow& row : google_years()) {
    if (region == row.region) years.push_back(row.year);
  }
  std::sort(years.begin(), years.end());
  return years;
}

std::string squeeze(std::string_view text) {
  std::string out;
  bool gap = false;
  for (const char c : text) {
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      gap = !out.empty();
      continue;
    }
    if (gap) out += ' ';
    gap = false;
    out += c;
  }
  return out;
}

bool is_nordic(const std::string& country) { return country == "SWE" || country == "NOR" || country == "FIN"; }

const RegionRow* find_region_as_codecarbon(const std::string& country, const std::string& region) {
  const std::string name = lower(region);
  const std::string code = upper(region);
  const std::string province = chinese_province(region);
  for (const RegionRow& row : codecarbon_regions()) {
    if (country != row.country) continue;
    if (country == "CHN" ? has_name(row, province) : is_nordic(country) ? code == row.code : name == row.name) {
      return &row;
    }
  }
  return nullptr;
}

const RegionRow* find_region(const std::string& country, const std::string& region) {
  const std::string name = country == "CHN" ? chinese_province(region) : squeeze(lower(region));
  std::string code = upper(squeeze(region));
  if ((country == "USA" && code.compare(0, 3, "US-") == 0) || (country == "CAN" && code.compare(0, 3, "CA-") == 0)) {
    code = code.substr(3);
  }
  if (country == "CHN" && code.size() == 2) code = "CN-" + code;
  for (const RegionRow& row : codecarbon_regions()) {
    if (country != row.country) continue;
    if ((!code.empty() && code == row.code) || has_name(row, name)) return &row;
  }
  return nullptr;
}

namespace {

// What people write for a country whose code no edit distance finds.
constexpr struct {
  const char* word;
  const char* iso3;
} kOtherNames[] = {{"UK", "GBR"},      {"ENGLAND", "GBR"}, {"GREAT BRITAIN", "GBR"}, {"BRITAIN", "GBR"},
                   {"HOLLAND", "NLD"}, {"AMERICA", "USA"}, {"DEUTSCHLAND", "DEU"},   {"SUOMI", "FIN"},
                   {"SVERIGE", "SWE"}, {"NORGE", "NOR"}};

}  // namespace

std::vector<std::string> near_countries(const std::string& country) {
  for (const auto& other : kOtherNames) {
    if (country == other.word)
      return {std::string(other.iso3) + " (" + find_country(codecarbon_countries(), other.iso3)->name + ")"};
  }
  // A name or a two-letter code is a common slip: the answer shows the code with the name.
  std::vector<std::string> codes;
  std::vector<std::string> names;
  for (const auto& rows : {ember_countries(), codecarbon_countries()}) {
    for (const CountryRow& entry : rows) {
      codes.emplace_back(entry.iso3);
      names.emplace_back(entry.name);
    }
  }
  std::vector<std::string> near;
  for (const std::string& name : nearest_names(country, country.size() > 3 ? names : codes, 5)) {
    for (size_t i = 0; i < codes.size(); ++i) {
      if (codes[i] == name || names[i] == name) {
        near.push_back(codes[i] + " (" + names[i] + ")");
        break;
      }
    }
  }
  return near;
}

std::vector<std::string> near_regions(const std::string& country, const std::string& region) {
  std::vector<std::string> known;
  for (const RegionRow& row : codecarbon_regions()) {
    if (country == row.country) known.emplace_back(is_nordic(country) ? row.code : row.name);
  }
  return nearest_names(region, known);
}

std::vector<std::string> near_google_regions(const std::string& region) {
  std::vector<std::string> regions;
  for (const CloudRow& row : google_clouds_2024()) regions.emplace_back(row.region);
  return nearest_names(region, regions);
}

}  // namespace coppice::energy
