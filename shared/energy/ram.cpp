#include "shared/energy/ram.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace coppice::energy {

namespace {
// Green Algorithms (Lannelongue, Grealey, Inouye 2021), from a measurement by Karyakin and Salem.
constexpr double kGreenAlgorithmsWattsPerGb = 0.3725;
}  // namespace

int dimm_count(double gb) {
  if (gb <= 2.0) return 1;
  if (gb <= 16.0) return 2;
  if (gb <= 64.0) return 4;
  if (gb <= 128.0) return 8;
  for (const int size : {128, 64, 32, 16, 8, 4}) {
    if (size <= gb / 8.0) return static_cast<int>(std::min(std::ceil(gb / size), 32.0));
  }
  return 8;
}

Watts ram_power(double gb, bool arm) {
  const double per_dimm = arm ? 1.5 : 5.0;
  const double floor = arm ? 3.0 : per_dimm * 2;
  const int dimms = dimm_count(gb);
  const double full = std::min(dimms, 4);
  const double next4 = std::clamp(dimms - 4, 0, 4);
  const double next8 = std::clamp(dimms - 8, 0, 8);
  const double rest = std::max(dimms - 16, 0);
  return Watts(
      std::max(floor, per_dimm * full + per_dimm * 0.9 * next4 + per_dimm * 0.8 * next8 + per_dimm * 0.7 * rest));
}

Figure<Watts> ram_power_modelled(double gb, bool arm) {
  const Watts value = ram_power(gb, arm);
  const Watts per_gb(kGreenAlgorithmsWattsPerGb * gb);
  return {value,
          std::min(value, per_gb),
          std::max(value, per_gb),
          {ProvenanceKind::kModelled, "memory: CodeCarbon 3.3 by number of modules (" + std::to_string(dimm_count(gb)) +
                                          " guessed), band to Green Algorithms' 0.3725 W/GB"}};
}

}  // namespace coppice::energy
