// Energy of one inference, method "shipped", version 1: the native runs in a model's manifest, brought to this review's
// length.
//
// Between two measured lengths the energy lies on the straight line between their means; above the longest it grows in
// proportion to the tokens, which understates attention's square; below the shortest it is the shortest's, since a run
// has a part that does not depend on length. Low and high are brought over in the same way.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "shared/energy/figure.h"
#include "shared/energy/units.h"

namespace coppice::energy {

struct ShippedInference {
  int64_t tokens = 0;  // words for a linear model
  Figure<Joules> energy;
  std::optional<double> median_milliseconds;
};

// None without runs. The provenance is the runs' own, modelled at best where no run had just this length.
std::optional<Figure<Joules>> energy_as_shipped(std::span<const ShippedInference> runs, int64_t tokens);
// The same for the time of the native runs, in milliseconds; none where a run does not tell.
std::optional<double> milliseconds_as_shipped(std::span<const ShippedInference> runs, int64_t tokens);

}  // namespace coppice::energy
