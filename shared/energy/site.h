// What a data centre adds to the energy of its machines: the building (PUE) and water (WUE).
#pragma once

#include <optional>
#include <string>

#include "shared/base/status.h"
#include "shared/energy/units.h"

namespace coppice::energy {

// Power usage effectiveness: energy of the building per energy of its machines. The default 1.0 takes the energy given
// as all there is; it is no claim about the building.
inline constexpr double kDefaultPue = 1.0;
inline constexpr double kMostPue = 10.0;
// Litres per kWh; the driest published sites stay under 10.
inline constexpr double kMostWue = 100.0;

struct KnownPue {
  double value = 1.0;
  std::string source;
};
// Cloud Carbon Footprint's values of Google's regions, and its value for the rest of Google Cloud. Absent for others.
std::optional<KnownPue> known_pue(const std::string& provider, const std::string& region);

// More than the world's electricity of a year (about 3e13 kWh): a slip of the unit.
inline constexpr double kMostKwh = 1e14;

// PUE within 1..kMostPue, WUE within 0..kMostWue, energy within 0..kMostKwh; errors are kInvalidUsage and say what was
// expected.
Status check_pue(double pue);
Status check_wue(double litres_per_kwh);
Status check_kwh(double kwh);

// Water by the definition of WUE (The Green Grid; ISO/IEC 30134-9): litres per kWh of the machines, without the
// building's share. CodeCarbon multiplies the energy with the PUE in it; emissions.csv follows it.
double water_litres(Joules machine_energy, double litres_per_kwh);

}  // namespace coppice::energy
