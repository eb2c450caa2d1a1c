// Market-based carbon: what contracts for electricity say, apart from what the grid emits. Never a part of the
// location-based figure, nor of an SCI score.
#pragma once

#include <optional>

#include "shared/base/status.h"
#include "shared/energy/carbon.h"
#include "shared/energy/figure.h"

namespace coppice::energy {

struct MarketBased {
  Figure<GramsPerKwh> intensity;
  const char* is_not = "";  // what the figure must not be taken for
};

// From the user's contract or residual mix (`given`), used as it is; else for a Google Cloud region a modelled
// approximation: grid intensity x (1 - CFE), CFE being the share of hourly demand that Google matched with carbon-free
// electricity. CFE counts the grid's own carbon-free part, which the grid intensity counts too, so that the product can
// be too low; contracts that match by the year may cover more than CFE says, so that it can be too high. The interval
// is therefore the widest there is: 0 (all covered by contracts) to the grid's intensity (nothing is). Anywhere else
// there is none: kNotFound with the reason. `place.year` as in resolve_intensity.
Result<MarketBased> market_based(const PlaceQuery& place, std::optional<GramsPerKwh> given);

}  // namespace coppice::energy
