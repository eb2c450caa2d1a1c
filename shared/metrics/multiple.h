// Many tests at once: p-values that keep the chance of a single false alarm among all of them below the level.
#pragma once

#include <span>
#include <vector>

#include "shared/base/status.h"

namespace coppice::metrics {

// Holm's step-down adjustment (S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal
// of Statistics 6 (1979), 65-70), in the order given: of the sorted p-values, the i-th of m (from 1) becomes the
// largest of (m - j + 1) p_j over j <= i, at most 1. Whatever the tests' dependence. Refused: a value outside 0..1.
Result<std::vector<double>> holm_adjusted(std::span<const double> p_values);

}  // namespace coppice::metrics
