// The answer of Electricity Maps to GET /carbon-intensity/latest?zone=Z (versions 3 and 4 of the API answer alike):
//   {"zone":"FR","carbonIntensity":46,"datetime":"2026-11-24T09:00:00.000Z","emissionFactorType":"lifecycle",
//    "isEstimated":true,"estimationMethod":"TIME_SLICER_AVERAGE", ...}
#pragma once

#include <string>
#include <string_view>

#include "shared/base/status.h"
#include "shared/energy/carbon.h"

namespace coppice::energy {

inline constexpr char kElectricityMapsUrl[] = "https://api.electricitymaps.com/v4";

// A zone's key as the service writes it, "FR", "US-CAL-CISO", from what was typed. kInvalidUsage for what cannot be
// one.
Result<std::string> electricity_maps_zone(std::string_view typed);

// "/carbon-intensity/latest?..." for a zone's key. Tells the service not to answer for the caller's own place when it
// does not know the zone, as it else does.
std::string electricity_maps_path(const std::string& zone);

// `source` names the answer in messages. kInvalidInput for what is no such answer, for a value outside 0..3000 g/kWh,
// for a moment that is none, and for an answer about another zone than the one asked for.
Result<Intensity> parse_electricity_maps(std::string_view body, const std::string& zone, const std::string& source);

}  // namespace coppice::energy
