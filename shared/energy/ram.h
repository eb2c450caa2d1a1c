// Power of memory without a counter, from its size: the number of modules (DIMM) is guessed, then watts per module.
#pragma once

#include "shared/energy/figure.h"
#include "shared/energy/units.h"

namespace coppice::energy {

// GB here is 2^30 bytes, as in CodeCarbon.
inline constexpr double kBytesPerGb = 1073741824.0;

// CodeCarbon 3.3's guess. `gb` >= 0.
int dimm_count(double gb);

// CodeCarbon 3.3: 5 W a module (1.5 on ARM), less for each further one from the fifth on; at least 10 W (3 on ARM).
Watts ram_power(double gb, bool arm);

// The whole machine's memory with a band: `high` is the value or Green Algorithms' 0.3725 W per GB, whichever is more;
// `low` is the lesser.
Figure<Watts> ram_power_modelled(double gb, bool arm);

}  // namespace coppice::energy
