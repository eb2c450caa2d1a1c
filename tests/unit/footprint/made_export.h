// A made-up export whose every number is known, and the usage that belongs to it.
#pragma once

#include <string>

namespace coppice::footprint {

inline const std::string kHeader =
    "usage_month,billing_account_id,project.id,project.number,service.description,service.id,location.location,"
    "location.region,carbon_model_version,carbon_footprint_total_kgCO2e.location_based,"
    "carbon_footprint_total_kgCO2e.market_based,carbon_footprint_total_kgCO2e.after_offsets,"
    "carbon_footprint_kgCO2e.scope1,carbon_footprint_kgCO2e.scope2.location_based,"
    "carbon_footprint_kgCO2e.scope2.market_based,carbon_footprint_kgCO2e.scope3\n";

// One row of the shop's Cloud Run in us-central1: scope 1 is 0.1, scope 2 location-based `scope2` and market-based half
// of it, scope 3 0.4 kg.
inline std::string row(const std::string& month, double scope2, const std::string& service = "Cloud Run",
                       const std::string& project = "shop") {
  std::string line = month;
  line.append(",01-AB,").append(project).append(",123,").append(service).append(",id of ").append(service);
  line.append(",us-central1,");
  line.append("us-central1,12,").append(std::to_string(0.5 + scope2)).append(",");
  line.append(std::to_string(0.5 + scope2 / 2)).append(",,0.1,").append(std::to_string(scope2)).append(",");
  return line.append(std::to_string(scope2 / 2)).append(",0.4\n");
}

inline const std::string kUsageHeader =
    "usage_month,project_id,service_description,location_region,vcpu_seconds,gib_seconds,requests\n";
inline const std::string kUsage = kUsageHeader + "2024-03,shop,Cloud Run,us-central1,3.6e6,0,50000\n";

}  // namespace coppice::footprint
