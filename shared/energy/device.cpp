#include "shared/energy/device.h"

#include <string>

namespace coppice::energy {

namespace {

constexpr char kBoavizta[] = "Boavizta, user terminals: average watts in use (min, max) and life";

constexpr char kBoaviztaServer[] =
    "Boavizta, power curve of one Xeon Platinum at half load (idle, full); without memory, fans and power supply";

constexpr DevicePreset kPresets[] = {
    {"laptop", "Laptop", Watts(75.0), Watts(50.0), Watts(100.0), 5.0, kBoavizta},
    {"desktop", "Desktop computer", Watts(175.0), Watts(100.0), Watts(450.0), 6.0, kBoavizta},
    {"phone", "Smartphone", Watts(1.0), Watts(0.5), Watts(3.0), 2.5, kBoavizta},
    {"tablet", "Tablet", Watts(7.5), Watts(5.0), Watts(10.0), 3.0, kBoavizta},
    // Boavizta's curve of a Xeon Platinum, 171.1813 ln(0.0354 (load + 36.8953)) - 10.1336 W, at 50, 0 and 100 % load.
    {"server", "Server", Watts(182.0), Watts(35.6), Watts(260.0), 4.0, kBoaviztaServer},
};

}  // namespace

std::span<const DevicePreset> device_presets() { return kPresets; }

const DevicePreset* find_device(std::string_view id) {
  for (const DevicePreset& preset : kPresets) {
    if (id == preset.id) return &preset;
  }
  return nullptr;
}

Figure<Joules> device_energy(const DevicePreset& device, Seconds time) {
  return {device.power * time,
          device.low * time,
          device.high * time,
          {ProvenanceKind::kAssumed, std::string("time x watts of a ") + device.id + " (" + device.source + ")"}};
}

}  // namespace coppice::energy
