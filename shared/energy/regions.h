// The regions of a cloud as a list to choose from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/energy/units.h"

namespace coppice::energy {

struct CloudRegion {
  std::string provider;
  std::string region;
  std::string place;                        // "Paris"; "" if the table has none
  std::string country;                      // ISO 3166 alpha-3; "" if the table has none
  GramsPerKwh intensity;                    // of the grid, location-based, mean of the year
  std::optional<double> carbon_free_share;  // Google's CFE, 0..1; absent where none is published
  double pue = 1.0;
  int year = 0;
  std::string source;
};

// Lowest intensity first, equal ones by name. Year 0: each region's newest figure. kUnsupported for a provider that
// publishes nothing by region, kNotFound for a year without a figure.
Result<std::vector<CloudRegion>> cloud_regions(const std::string& provider, int year);

// {"provider","region","place","country","intensity_g_per_kwh","carbon_free_share","pue","year","source"}
OrderedJson to_json(const CloudRegion& region);

}  // namespace coppice::energy
