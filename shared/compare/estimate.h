// Energy and carbon of one review on a device whose power is only known by its kind: time x power, a model, and
// labelled so. The band is wide because the kind is all that is known; it is not a statistical interval.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"
#include "shared/energy/carbon.h"
#include "shared/energy/device.h"
#include "shared/energy/figure.h"
#include "shared/energy/units.h"

namespace coppice::compare {

// A place whose electricity is known: the world, a country or a cloud region.
struct GridPreset {
  std::string id;     // "WORLD", "FRA", "gcp:europe-west9"
  std::string name;   // "France"
  std::string group;  // "Countries", "Google Cloud regions"
  double grams_per_kwh = 0;
};

std::vector<GridPreset> grid_presets();
Result<energy::Intensity> find_grid(std::string_view id);

struct Estimate {
  energy::Figure<energy::Joules> energy;
  energy::Figure<energy::GramsCo2e> carbon;
};

// One review took `median` seconds, with `interval` for the median. The low end of the band is the interval's low end
// at the device's lowest power, the high end likewise.
Estimate estimate_energy(energy::Seconds median, energy::Seconds low, energy::Seconds high,
                         const energy::DevicePreset& device, const energy::Intensity& intensity);

}  // namespace coppice::compare
