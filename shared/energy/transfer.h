// Energy of sending a file over the internet, version 1: bytes x kWh per GB, assumed.
//
//   0.114 kWh/GB   data centre 0.055 + network 0.059, operational (Sustainable Web Design Model 4, 2024; CO2.js 0.19)
//   low  0.001     network of a cloud provider (Cloud Carbon Footprint)
//   high 0.81      all segments (Sustainable Web Design Model 3, 2022)
//
// Figures per byte are disputed, since most of a network's power does not depend on traffic: hence the width of the
// band.
#pragma once

#include <cstdint>

#include "shared/energy/figure.h"
#include "shared/energy/units.h"

namespace coppice::energy {

// GB are 1e9 bytes. `bytes` is not negative.
Figure<Joules> transfer_energy(int64_t bytes);

}  // namespace coppice::energy
