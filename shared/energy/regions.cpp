#include "shared/energy/regions.h"

#include <algorithm>
#include <tuple>

#include "shared/energy/names.h"
#include "shared/energy/places.h"
#include "shared/energy/site.h"

namespace coppice::energy {

Result<std::vector<CloudRegion>> cloud_regions(const std::string& provider, int year) {
  const std::string name = lower(squeeze(provider));
  if (name != "gcp") {
    return unsupported("--list: regions are published for gcp only, not for \"" + provider +
                       "\"; aws and azure publish none: compare their countries with --country");
  }
  std::vector<CloudRegion> regions;
  for (const GoogleYearRow& row : google_years()) {
    if (find_google_year(row.region, year) != &row) continue;
    CloudRegion region;
    region.provider = name;
    region.region = row.region;
    if (const CloudRow* known = find_cloud(google_clouds_2024(), name, row.region)) {
      region.place = known->place;
      region.country = known->country;
    }
    region.intensity = GramsPerKwh(row.g_per_kwh);
    if (row.carbon_free_share >= 0.0) region.carbon_free_share = row.carbon_free_share;
    region.pue = known_pue(name, row.region).value_or(KnownPue{}).value;
    region.year = row.year;
    region.source = "Google Cloud region-carbon-info " + std::to_string(row.year);
    regions.push_back(std::move(region));
  }
  if (regions.empty()) return not_found("--list: no region has a figure of " + std::to_string(year));
  std::sort(regions.begin(), regions.end(), [](const CloudRegion& a, const CloudRegion& b) {
    return std::tuple(a.intensity.value(), a.region) < std::tuple(b.intensity.value(), b.region);
  });
  return regions;
}

OrderedJson to_json(const CloudRegion& region) {
  OrderedJson json;
  json["provider"] = region.provider;
  json["region"] = region.region;
  json["place"] = region.place;
  json["country"] = region.country;
  json["intensity_g_per_kwh"] = region.intensity.value();
  json["carbon_free_share"] = region.carbon_free_share ? OrderedJson(*region.carbon_free_share) : OrderedJson(nullptr);
  json["pue"] = region.pue;
  json["year"] = region.year;
  json["source"] = region.source;
  return json;
}

}  // namespace coppice::energy
