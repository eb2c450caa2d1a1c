// What a cloud reports for a service beside our own estimate of it: the ratio, and that ratio as a product of factors
// which multiply out to it. No factor is fitted to make the rest small: each is worked out from figures that are
// stated, and what none of them explains stays visible as the last one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shared/base/status.h"
#include "shared/energy/cloud_usage.h"

namespace coppice::energy {

// Of one or several rows of Google's Carbon Footprint export; kg CO2e.
struct ReportedCarbon {
  double location_kg = 0.0;  // scope 1, 2 and 3, scope 2 location-based
  double market_kg = 0.0;    // the same with scope 2 market-based
  double scope1_kg = 0.0;
  double scope2_location_kg = 0.0;
  double scope2_market_kg = 0.0;
  double scope3_kg = 0.0;

  ReportedCarbon& operator+=(const ReportedCarbon& other);
};

// What the report is taken to have used, where it says nothing.
struct ReportedBasis {
  GramsPerKwh intensity;  // of the year of its months
  std::string intensity_source;
  double pue = 1.0;
  std::string pue_source;
};

struct Factor {
  const char* name;    // "grid_year", "pue", "embodied", "utilisation", "rest"
  double value = 1.0;  // reported / ours; 1: explains nothing
  Provenance provenance;
};

struct CloudComparison {
  double reported_kg = 0.0;
  double ours_kg = 0.0;
  // reported / ours; absent where either is 0, and then there are no factors.
  std::optional<double> ratio;
  std::vector<Factor> factors;
  std::optional<double> implied_utilisation;  // of our vCPUs, that would explain the utilisation factor
  bool inside_interval = false;               // the report within our low..high
  std::optional<double> market_ratio;         // reported / ours, market-based
};

// ratio = grid_year x pue x embodied x utilisation x rest, with
//   grid_year    basis.intensity / our intensity
//   pue          basis.pue / our PUE
//   embodied     (1 - our embodied share) / (1 - scope 3's share of the report)
//   utilisation  what is left, as far as a load of our vCPUs between 0 and 1 can make it
//   rest         what then remains: idle capacity kept for all, network, other hardware, another method
// `intensity` and `pue` are what `estimate` was made with, or their means weighted by energy.
CloudComparison compare_cloud(const ReportedCarbon& reported, const CloudEstimate& estimate, const CloudHost& host,
                              double vcpu_seconds, GramsPerKwh intensity, double pue, const ReportedBasis& basis);

}  // namespace coppice::energy
