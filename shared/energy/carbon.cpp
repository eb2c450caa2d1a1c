#include "shared/energy/carbon.h"

#include <cmath>
#include <vector>

#include "shared/energy/intensity_table.h"
#include "shared/energy/names.h"
#include "shared/energy/places.h"

namespace coppice::energy {

namespace {

constexpr char kCodecarbonTables[] = "CodeCarbon 3.3.2 tables";
constexpr char kEmber[] = "Ember via CO2.js 0.19.0 (CC-BY-SA 4.0)";
constexpr char kOwid[] = "Our World in Data via CodeCarbon 3.3.2";
constexpr char kGoogle[] = "Google Cloud region-carbon-info";

Intensity forced(GramsPerKwh value) { return {value, Resolved::kForced, "given by the caller", "user", 0, ""}; }

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

// An entry of the user's table names itself and the file; what the file leaves out is said in the query's words.
Intensity of_table(const TableEntry& entry, const IntensityTable& table, Resolved resolved, const std::string& asked) {
  // Records are shipped, and other people's folders are no use to anyone: the file's name will do.
  const std::string file = table.source().substr(table.source().rfind('/') + 1);
  const std::string where = file + ", line " + std::to_string(entry.line);
  return {entry.value,
          resolved,
          entry.name.empty() ? asked : entry.name,
          entry.source.empty() ? where : entry.source + " (" + where + ")",
          entry.year,
          ""};
}

std::string joined(const std::vector<int>& years) {
  std::string text;
  for (size_t i = 0; i < years.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == years.size() ? " and " : ", ") + std::to_string(years[i]);
  }
  return text;
}

Status no_such_year(const std::string& place, int year, const std::string& known) {
  return not_found(place + ": there is no figure of " + std::to_string(year) + "; known: " + known +
                   ". Leave --year out for the newest, or give --intensity or --intensity-table.");
}

Result<Intensity> resolve_google(const PlaceQuery& place) {
  const std::string region = lower(squeeze(place.cloud_region));
  const GoogleYearRow* row = find_google_year(region, place.year.value_or(0));
  if (row == nullptr) {
    const std::vector<int> years = google_years_of(region);
    if (!years.empty()) return no_such_year("gcp " + region, *place.year, joined(years));
    return not_found("cloud region \"" + place.cloud_region + "\" of gcp is not in Google's tables of 2019 to 2024." +
                     did_you_mean(near_google_regions(region)) + " Or give --country or --intensity instead.");
  }
  const CloudRow* newest = find_cloud(google_clouds_2024(), "gcp", region);
  Intensity intensity{GramsPerKwh(row->g_per_kwh),
                      Resolved::kCloud,
                      "gcp " + region + (newest != nullptr ? " (" + std::string(newest->place) + ")" : ""),
                      kGoogle,
                      row->year,
                      ""};
  if (row->year < kGoogleFirstGridYear) {
    intensity.source += ", life-cycle intensity";
    intensity.note =
        "Google's figures of 2019 and 2020 are life-cycle intensities, those of 2021 on the grid's: do not "
        "compare across that line";
  }
  return intensity;
}

Result<Intensity> resolve_country(const PlaceQuery& place, const std::string& country) {
  const int year = place.year.value_or(0);
  const bool world = country == "WORLD";
  if (place.table) {
    if (const TableEntry* entry = place.table->country(country, year)) {
      return of_table(*entry, *place.table, world ? Resolved::kWorldAverage : Resolved::kCountry, country);
    }
  }
  // 0 stands for "no data" in both tables: no grid has none.
  const CountryRow* ember = find_country(ember_countries(), country);
  const CountryRow* owid = find_country(codecarbon_countries(), country);
  const bool has_ember = ember != nullptr && ember->g_per_kwh > 0.0;
  const bool has_owid = owid != nullptr && owid->g_per_kwh > 0.0;
  if (has_ember && (year == 0 || ember->year == year)) {
    return Intensity{GramsPerKwh(ember->g_per_kwh),
                     world ? Resolved::kWorldAverage : Resolved::kCountry,
                     ember->name,
                     kEmber,
                     ember->year,
                     ""};
  }
  if (has_owid && (year == 0 || owid->year == year)) {
    return Intensity{GramsPerKwh(owid->g_per_kwh), Resolved::kCountry, owid->name, kOwid, owid->year, ""};
  }
  if (has_ember || has_owid) {
    std::string known = has_ember ? std::to_string(ember->year) + " (Ember)" : "";
    if (has_owid) known += (has_ember ? " and " : "") + std::to_string(owid->year) + " (Our World in Data)";
    return no_such_year(has_ember ? ember->name : owid->name, year, known);
  }
  if (ember != nullptr || owid != nullptr) {
    return not_found("country " + country + ": Ember and Our World in Data publish no carbon intensity for it; give " +
                     "--intensity, or WORLD for the world average.");
  }
  return not_found("country \"" + country + "\" is not in the tables of Ember and Our World in Data; expected an ISO " +
                   "3166 alpha-3 code such as FRA." + did_you_mean(near_countries(country)) +
                   " WORLD asks for the world average, --intensity gives a value of your own.");
}

Result<Intensity> resolve_region(const PlaceQuery& place, const std::string& country) {
  if (place.table) {
    if (const TableEntry* entry = place.table->region(country, place.region, place.year.value_or(0))) {
      return of_table(*entry, *place.table, Resolved::kRegion, place.region + ", " + country);
    }
  }
  if (const RegionRow* row = find_region(country, place.region)) {
    if (place.year && row->year != *place.year) {
      return no_such_year(std::string(row->name) + ", " + country, *place.year, std::to_string(row->year));
    }
    return of_region(*row);
  }
  std::vector<std::string> known;
  for (const RegionRow& row : codecarbon_regions()) {
    if (country == row.country) known.emplace_back(is_nordic(country) ? row.code : row.name);
  }
  if (known.empty()) {
    COPPICE_RETURN_IF_ERROR(resolve_country(place, country).status());
    return not_found("region \"" + place.region + "\": there is no table of regions for " + country +
                     " (only USA, CAN, CHN, SWE, NOR and FIN have one); leave --region out for the country's value.");
  }
  const std::vector<std::string> near = near_regions(country, place.region);
  return not_found(
      "region \"" + place.region + "\" is not in the table of " + country + "." +
      (near.empty() ? " Known are names such as " + known.front() + " and " + known.back() + "." : did_you_mean(near)) +
      " Leave --region out for the country's value.");
}

// What else people call the three providers.
std::string provider_hint(const std::string& provider) {
  for (const auto& [word, name] :
       {std::pair("google", "gcp"), std::pair("amazon", "aws"), std::pair("microsoft", "azure")}) {
    if (provider.find(word) != std::string::npos) return did_you_mean({name});
  }
  return did_you_mean(nearest_names(provider, {"gcp", "aws", "azure"}, 1));
}

// Sound, or the reason why the query makes no sense.
Status check(const PlaceQuery& place, const std::string& provider, const std::string& country) {
  if (!provider.empty()) {
    if (provider != "gcp" && provider != "aws" && provider != "azure") {
      return not_found("cloud \"" + place.cloud_provider + "\" is not known; expected gcp, aws or azure." +
                       provider_hint(provider));
    }
    if (place.cloud_region.empty()) {
      return invalid_usage("--cloud " + provider + " needs --cloud-region, e.g. " +
                           (provider == "aws"     ? "eu-west-1"
                            : provider == "azure" ? "westeurope"
                                                  : "europe-west2"));
    }
  } else if (!place.cloud_region.empty()) {
    const bool googles = find_google_year(lower(squeeze(place.cloud_region)), 0) != nullptr;
    return invalid_usage("--cloud-region needs --cloud gcp, aws or azure" +
                         std::string(googles ? "; \"" + place.cloud_region + "\" is a region of gcp" : ""));
  }
  if (country.empty() && provider.empty()) {
    return invalid_usage(place.region.empty()
                             ? "carbon intensity: no place given; give --country ISO3 (WORLD for the world average), "
                               "--cloud with --cloud-region, or --intensity."
                             : "--region \"" + place.region + "\" needs --country, e.g. USA for a state");
  }
  return {};
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
    case Resolved::kLive:
      return "live";
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
  const std::string provider = lower(squeeze(place.cloud_provider));
  COPPICE_RETURN_IF_ERROR(check(place, provider, country));
  std::string note;
  if (!provider.empty()) {
    if (place.table) {
      if (const TableEntry* entry = place.table->cloud(provider, place.cloud_region, place.year.value_or(0))) {
        return of_table(*entry, *place.table, Resolved::kCloud, provider + " " + lower(place.cloud_region));
      }
    }
    if (provider == "gcp") return resolve_google(place);
    if (country.empty()) {
      return not_found(provider + " publishes no carbon intensity per region; give --country (and --region) of \"" +
                       place.cloud_region + "\", or --intensity.");
    }
    note = provider + " publishes no carbon intensity per region: the place given by country answers";
  }
  Result<Intensity> intensity = place.region.empty() ? resolve_country(place, country) : resolve_region(place, country);
  if (intensity) intensity->note = note;
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
  if (const auto& live = intensity.live) {
    json["zone"] = live->zone;
    json["as_of"] = live->as_of;
    json["estimated"] = live->estimated ? OrderedJson(*live->estimated) : OrderedJson(nullptr);
    if (!live->estimation_method.empty()) json["estimation_method"] = live->estimation_method;
    if (!live->emission_factors.empty()) json["emission_factors"] = live->emission_factors;
  }
  return json;
}

}  // namespace coppice::energy
