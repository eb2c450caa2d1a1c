#include "shared/energy/carbon.h"

#include <array>
#include <cmath>
#include <vector>

#include "shared/energy/names.h"
#include "shared/energy/tables/tables.h"

namespace coppice::energy {

namespace {

constexpr char kCodecarbonTables[] = "CodeCarbon 3.3.2 tables";
constexpr char kOwid[] = "Our World in Data via CodeCarbon 3.3.2";

Intensity forced(GramsPerKwh value) { return {value, Resolved::kForced, "given by the caller", "user", 0, ""}; }

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

bool has_name(const RegionRow& row, const std::string& name) {
  if (name == row.name) return true;
  const std::string others = std::string("|") + row.others + "|";
  return !name.empty() && name.find('|') == std::string::npos && others.find("|" + name + "|") != std::string::npos;
}

// Runs of blanks become one, and none stays at the ends, as Python's " ".join(text.split()).
std::string squeeze(const std::string& text) {
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

bool is_nordic(const std::string& country) { return country == "SWE" || country == "NOR" || country == "FIN"; }

const char* region_source(const std::string& country) {
  if (country == "USA") return "EPA eGRID 2023 via CodeCarbon 3.3.2";
  if (country == "CAN")
    return "mix of the province x CodeCarbon 3.3.2's factors per source (CO2 of coal, oil, gas only)";
  if (country == "CHN") return "MEE/NBS provincial factors 2023 via CodeCarbon 3.3.2 (CO2 only)";
  return "ENTSO-E generation 2025 via CodeCarbon 3.3.2";
}

Intensity of_region(const RegionRow& row) {
  return {GramsPerKwh(row.g_per_kwh), Resolved::kRegion, std::string(row.name) + ", " + row.country,
          region_source(row.country), row.year,          ""};
}

// CodeCarbon's rules: US states and Canadian provinces by full lower-case name, Chinese provinces by name without
// its suffix, Nordic zones by code.
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

// The same places by any name people use: code ("WA", "US-WA", "CA-QC", "CN-BJ", "SE3"), name, other names.
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

Result<Intensity> resolve_cloud(const PlaceQuery& place, const std::string& provider) {
  const std::string region = lower(place.cloud_region);
  if (const CloudRow* row = find_cloud(google_clouds_2024(), provider, region)) {
    return Intensity{
        GramsPerKwh(row->g_per_kwh),       Resolved::kCloud, provider + " " + row->region + " (" + row->place + ")",
        "Google Cloud region-carbon-info", row->year,        ""};
  }
  std::vector<std::string> regions;
  for (const CloudRow& row : google_clouds_2024()) regions.emplace_back(row.region);
  return not_found("cloud region \"" + place.cloud_region + "\" of " + provider + " is not in Google's table of 2024." +
                   did_you_mean(nearest_names(region, regions)) + " Or give --country or --intensity instead.");
}

Result<Intensity> resolve_country(const std::string& country) {
  // 0 stands for "no data" in both tables: no grid has none.
  const CountryRow* newest = find_country(ember_countries(), country);
  if (newest != nullptr && newest->g_per_kwh > 0.0) {
    const bool world = country == "WORLD";
    return Intensity{GramsPerKwh(newest->g_per_kwh),
                     world ? Resolved::kWorldAverage : Resolved::kCountry,
                     newest->name,
                     "Ember via CO2.js 0.19.0 (CC-BY-SA 4.0)",
                     newest->year,
                     ""};
  }
  const CountryRow* row = find_country(codecarbon_countries(), country);
  if (row != nullptr && row->g_per_kwh > 0.0) {
    return Intensity{GramsPerKwh(row->g_per_kwh), Resolved::kCountry, row->name, kOwid, row->year, ""};
  }
  if (newest != nullptr || row != nullptr) {
    return not_found("country " + country + ": Ember and Our World in Data publish no carbon intensity for it; give " +
                     "--intensity, or WORLD for the world average.");
  }
  // A name or a two-letter code is a common slip: the answer shows the code with the name.
  std::vector<std::string> known;
  std::vector<std::string> by_name;
  for (const auto& rows : {ember_countries(), codecarbon_countries()}) {
    for (const CountryRow& entry : rows) {
      known.emplace_back(entry.iso3);
      by_name.emplace_back(entry.name);
    }
  }
  std::vector<std::string> near;
  for (const std::string& name : nearest_names(country, country.size() > 3 ? by_name : known, 5)) {
    for (size_t i = 0; i < known.size(); ++i) {
      if (known[i] == name || by_name[i] == name) {
        near.push_back(known[i] + " (" + by_name[i] + ")");
        break;
      }
    }
  }
  return not_found("country \"" + country + "\" is not in the tables of Ember and Our World in Data; expected an ISO " +
                   "3166 alpha-3 code such as FRA." + did_you_mean(near) +
                   " WORLD asks for the world average, --intensity gives a value of your own.");
}

}  // namespace

const char* to_string(Resolved resolved) {
  switch (resolved) {
    case Resolved::kForced:
      return "forced";
    case Resolved::kCloud:
      return "cloud";
    case Resolved::kRegion:
      return "region";
    case Resolved::kCountry:
      return "country";
    case Resolved::kWorldAverage:
      return "world_average";
  }
  return "forced";
}

Result<Intensity> resolve_intensity(const PlaceQuery& place) {
  if (place.forced) {
    if (!std::isfinite(place.forced->value()) || place.forced->value() < 0.0) {
      return invalid_usage("carbon intensity: expected a number of g/kWh that is not negative, not " +
                           std::to_string(place.forced->value()));
    }
    return forced(*place.forced);
  }
  const std::string country = upper(squeeze(place.country));
  const std::string provider = lower(place.cloud_provider);
  std::string note;
  if (!provider.empty()) {
    if (provider != "gcp" && provider != "aws" && provider != "azure") {
      return not_found("cloud \"" + place.cloud_provider + "\" is not known; expected gcp, aws or azure.");
    }
    if (place.cloud_region.empty()) return invalid_usage("--cloud needs --cloud-region, e.g. europe-west2");
    if (provider == "gcp") return resolve_cloud(place, provider);
    if (country.empty()) {
      return not_found(provider + " publishes no carbon intensity per region; give --country (and --region) of \"" +
                       place.cloud_region + "\", or --intensity.");
    }
    note = provider + " publishes no carbon intensity per region: the place given by country answers";
  } else if (!place.cloud_region.empty()) {
    return invalid_usage("--cloud-region needs --cloud gcp, aws or azure");
  }
  if (country.empty()) {
    return invalid_usage(
        "carbon intensity: no place given; give --country ISO3 (WORLD for the world average), --cloud "
        "with --cloud-region, or --intensity.");
  }
  if (!place.region.empty()) {
    if (const RegionRow* row = find_region(country, place.region)) {
      Intensity intensity = of_region(*row);
      intensity.note = note;
      return intensity;
    }
    std::vector<std::string> known;
    for (const RegionRow& row : codecarbon_regions()) {
      if (country == row.country) known.emplace_back(is_nordic(country) ? row.code : row.name);
    }
    if (known.empty()) {
      COPPICE_RETURN_IF_ERROR(resolve_country(country).status());
      return not_found("region \"" + place.region + "\": there is no table of regions for " + country +
                       " (only USA, CAN, CHN, SWE, NOR and FIN have one); leave --region out for the country's value.");
    }
    const std::vector<std::string> near = nearest_names(place.region, known);
    return not_found("region \"" + place.region + "\" is not in the table of " + country + "." +
                     (near.empty() ? " Known are names such as " + known.front() + " and " + known.back() + "."
                                   : did_you_mean(near)) +
                     " Leave --region out for the country's value.");
  }
  COPPICE_ASSIGN_OR_RETURN(Intensity intensity, resolve_country(country));
  intensity.note = note;
  return intensity;
}

Intensity resolve_intensity_as_codecarbon(const PlaceQuery& place) {
  if (place.forced) return forced(*place.forced);
  const std::string country = upper(place.country);
  if (const CloudRow* row = find_cloud(codecarbon_clouds(), place.cloud_provider, place.cloud_region)) {
    return {GramsPerKwh(row->g_per_kwh), Resolved::kCloud, std::string(row->provider) + " " + row->region,
            kCodecarbonTables,           row->year,        ""};
  }
  std::string note;
  if (!place.cloud_provider.empty() || !place.cloud_region.empty()) {
    note = "cloud region without data: fell back as CodeCarbon does";
  }
  if (!place.region.empty()) {
    if (const RegionRow* row = find_region_as_codecarbon(country, place.region)) {
      Intensity intensity = of_region(*row);
      intensity.note = note;
      return intensity;
    }
    if (note.empty()) note = "region without data: fell back as CodeCarbon does";
  }
  if (const CountryRow* row = find_country(codecarbon_countries(), country)) {
    return {GramsPerKwh(row->g_per_kwh), Resolved::kCountry, row->name, kOwid, row->year, note};
  }
  if (!country.empty()) note = "country without data: fell back as CodeCarbon does";
  return {GramsPerKwh(kCodecarbonWorldGramsPerKwh), Resolved::kWorldAverage, "world",
          "IEA 2019, CodeCarbon's last resort",     kCodecarbonWorldYear,    note};
}

OrderedJson to_json(const Intensity& intensity) {
  OrderedJson json;
  json["intensity_g_per_kwh"] = intensity.value.value();
  json["resolved"] = to_string(intensity.resolved);
  json["place"] = intensity.place;
  json["source"] = intensity.source;
  json["year"] = intensity.year == 0 ? OrderedJson(nullptr) : OrderedJson(intensity.year);
  if (!intensity.note.empty()) json["note"] = intensity.note;
  return json;
}

}  // namespace coppice::energy
