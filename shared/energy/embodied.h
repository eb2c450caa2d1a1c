// Embodied carbon: the share that a piece of work has in the making of the hardware it ran on. By the SCI specification
// (ISO/IEC 21031:2024), M = TE x (TiR / EL) x (RR / ToR):
//   TE  all embodied emissions of the device       TiR  time it was reserved for the work
//   EL  its expected lifespan                      RR / ToR  share of its resources reserved
// Kept apart from the carbon of the electricity everywhere.
//
//   COPPICE_ASSIGN_OR_RETURN(Hardware host, hardware_of_machine_type("n2-standard-8"));
//   Figure<GramsCo2e> embodied = embodied_emissions(host, Seconds(3600.0));
#pragma once

#include <optional>
#include <string>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/energy/figure.h"
#include "shared/energy/units.h"

namespace coppice::energy {

// The specification's own example counts a year as 365 days.
inline constexpr double kSecondsPerYear = 365.0 * 24.0 * 3600.0;

// A number with the range it may lie in. low <= value <= high.
struct Range {
  double value = 0.0;
  double low = 0.0;
  double high = 0.0;
};

struct Hardware {
  Range total_kg;        // TE, kg CO2e
  Range lifespan_years;  // EL
  Range share;           // RR / ToR, in 0..1
  Provenance provenance;
  std::string boundary;  // what TE counts and what it leaves out
};

// The host of a Google Cloud machine type (Cloud Carbon Footprint's table), shared by vCPUs of the largest type of the
// family; lifespan 4 years, 3 to 6 as interval. Shared-core types count their guaranteed part, at most the vCPUs they
// show; A2 types lie between their share of the GPUs and of the vCPUs. kNotFound with near names.
Result<Hardware> hardware_of_machine_type(const std::string& type);

// One vCPU of a Google Cloud host that is not told, as on Cloud Run: the host's emissions per vCPU, median over the
// table's families of standard types (the largest of each), from the lowest to the highest of them. Wholly reserved.
Hardware hardware_of_unknown_vcpu();

// "laptop", "desktop", "phone" or "tablet": a representative device, wholly reserved. kNotFound names them.
Result<Hardware> hardware_of_device(const std::string& id);

// A server by its parts, as Cloud Carbon Footprint adds them up; wholly reserved. `memory_gb` in GB.
struct ServerParts {
  double memory_gb = 16.0;
  int processors = 1;
  int disks = 0;  // HDD
  int ssds = 0;
  int gpus = 0;
};
Result<Hardware> hardware_of_server(const ServerParts& parts);

// Figures of the user's own: TE > 0 kg, EL > 0 years, share in (0, 1].
Result<Hardware> hardware_given(double total_kg, double lifespan_years, double share);

// `hardware` with another lifespan or share, where the user knows better.
Result<Hardware> with_lifespan(Hardware hardware, double years);
Result<Hardware> with_share(Hardware hardware, double share);

// M of the time reserved, which is not negative.
Figure<GramsCo2e> embodied_emissions(const Hardware& hardware, Seconds reserved);

// The figure's fields, then "total_kg", "lifespan_years", "share", "reserved_seconds", "boundary".
OrderedJson embodied_to_json(const Hardware& hardware, Seconds reserved);

}  // namespace coppice::energy
