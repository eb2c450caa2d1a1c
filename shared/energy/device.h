// Devices a visitor of the page may choose: a browser cannot read a counter, so that its energy is time x assumed
// watts.
#pragma once

#include <span>
#include <string_view>

#include "shared/energy/figure.h"
#include "shared/energy/units.h"

namespace coppice::energy {

struct DevicePreset {
  const char* id;    // "laptop", "desktop", "phone", "tablet", "server"
  const char* name;  // for people
  Watts power;       // whole device in use; of a server its processor
  Watts low;
  Watts high;
  double lifetime_years;
  const char* source;
};

// Laptop first: the default.
std::span<const DevicePreset> device_presets();

// nullptr if there is none of that id.
const DevicePreset* find_device(std::string_view id);

// Energy of the whole device over `time`, assumed. `time` is not negative.
Figure<Joules> device_energy(const DevicePreset& device, Seconds time);

}  // namespace coppice::energy
