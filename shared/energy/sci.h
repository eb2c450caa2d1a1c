// Software Carbon Intensity (SCI 1.1, ISO/IEC 21031:2024): SCI = (E x I + M) per R.
//   E  electricity of the hardware reserved for the software, the building's share included
//   I  carbon intensity of that electricity, location-based: no market-based instrument, no offset
//   M  embodied carbon of the hardware (embodied.h)
//   R  the functional unit, e.g. "1000 reviews"
// A score is told with R, the boundary and the method, and compared only with one made the same way.
#pragma once

#include <string>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/energy/carbon.h"
#include "shared/energy/embodied.h"
#include "shared/energy/figure.h"

namespace coppice::energy {

struct SciInputs {
  Figure<Joules> energy;          // E of all units together
  Figure<GramsPerKwh> intensity;  // I
  Intensity place;                // where I comes from
  Hardware hardware;              // TE, EL and the share
  Seconds reserved;               // TiR of all units together
  std::string functional_unit;    // R
  double units = 0.0;             // how many R the work was
  std::string boundary;           // what E counts, in the caller's words
};

struct Sci {
  Figure<GramsCo2e> operational;  // E x I, of all units
  Figure<GramsCo2e> embodied;     // M, of all units
  Figure<GramsCo2e> score;        // per functional unit
};

// kInvalidUsage for a functional unit without a name, units that are not more than 0, a negative energy or time.
Result<Sci> software_carbon_intensity(const SciInputs& inputs);

// {"sci_grams_co2e_per_unit", "low", "high", "functional_unit", "units", "operational_grams_co2e",
// "embodied_grams_co2e", "energy_joules", "intensity", "boundary", "method"}
OrderedJson to_json(const SciInputs& inputs, const Sci& sci);

}  // namespace coppice::energy
