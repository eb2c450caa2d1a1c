#include "shared/energy/inference/time_power.h"

#include <algorithm>

namespace coppice::energy {

Figure<Joules> energy_by_time(const TimedInference& time, const DevicePreset& device) {
  Figure<Joules> figure = device_energy(device, time.median);
  figure.low = device.low * std::max(Seconds(0), time.low - time.clock_error);
  figure.high = device.high * (time.high + time.clock_error);
  figure.provenance.kind = ProvenanceKind::kModelled;
  return figure;
}

}  // namespace coppice::energy
