#include "shared/energy/transfer.h"

namespace coppice::energy {

Figure<Joules> transfer_energy(int64_t bytes) {
  const double gigabytes = static_cast<double>(bytes) / 1e9;
  return {from_kwh(0.114 * gigabytes),
          from_kwh(0.001 * gigabytes),
          from_kwh(0.81 * gigabytes),
          {ProvenanceKind::kAssumed,
           "0.114 kWh per GB for data centre and network (Sustainable Web Design Model 4), 0.001 (Cloud Carbon "
           "Footprint's network) to 0.81 (Sustainable Web Design Model 3)"}};
}

}  // namespace coppice::energy
