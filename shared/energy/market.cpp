#include "shared/energy/market.h"

#include <cmath>
#include <cstdio>

#include "shared/energy/intensity_table.h"
#include "shared/energy/names.h"
#include "shared/energy/places.h"

namespace coppice::energy {

namespace {

constexpr char kGivenIsNot[] = "checked: a market-based figure is as good as the contract or residual mix behind it";
constexpr char kModelledIsNot[] =
    "Google's reported market-based figure (the Carbon Footprint export has it), nor backed by certificates of yours; "
    "not "
    "for an SCI score";

std::string percent(double share) {
  char text[16];
  std::snprintf(text, sizeof text, "%.0f %%", 100.0 * share);
  return text;
}

}  // namespace

Result<MarketBased> market_based(const PlaceQuery& place, std::optional<GramsPerKwh> given) {
  if (given) {
    if (!std::isfinite(given->value()) || given->value() < 0.0 || given->value() > kMostGramsPerKwh) {
      return invalid_usage("--market-intensity: expected 0 to 3000 g/kWh, not " + std::to_string(given->value()));
    }
    return MarketBased{
        {*given, *given, *given, {ProvenanceKind::kAssumed, "contract or residual mix given by the user"}},
        kGivenIsNot};
  }
  if (lower(squeeze(place.cloud_provider)) != "gcp") {
    return not_found("no contract or residual mix was given (--market-intensity), and none is known for this place");
  }
  const GoogleYearRow* row = find_google_year(lower(squeeze(place.cloud_region)), place.year.value_or(0));
  if (row == nullptr || row->carbon_free_share < 0.0) {
    return not_found(
        "no contract or residual mix was given (--market-intensity), and Google publishes no carbon-free "
        "share (CFE) for this region" +
        (place.year ? " in " + std::to_string(*place.year) : std::string()));
  }
  const GramsPerKwh grid(row->g_per_kwh);
  return MarketBased{
      {grid * (1.0 - row->carbon_free_share),
       GramsPerKwh(0.0),
       grid,
       {ProvenanceKind::kModelled, "approximation: grid intensity x (1 - CFE), CFE " + percent(row->carbon_free_share) +
                                       " (Google Cloud region-carbon-info " + std::to_string(row->year) +
                                       "); interval: from all covered by contracts to nothing covered"}},
      kModelledIsNot};
}

}  // namespace coppice::energy
