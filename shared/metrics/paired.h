// Two models on the same reviews: is one better, and by how much?
#pragma once

#include <cstdint>
#include <span>

#include "shared/base/status.h"
#include "shared/metrics/robust.h"

namespace coppice::metrics {

struct McNemar {
  int64_t only_first_right = 0;
  int64_t only_second_right = 0;
  // Two-sided exact binomial p-value, doubled and capped at 1. 1 where the models never disagree in being right.
  double p_value = 1.0;
};

// `first_right` and `second_right` hold 1 where the model was right on that review, else 0; one length, at least 1.
Result<McNemar> mcnemar_exact(std::span<const int> first_right, std::span<const int> second_right);

// The same from the two counts of discordant pairs.
Result<McNemar> mcnemar_exact(int64_t only_first_right, int64_t only_second_right);

struct PairedDifference {
  double difference = 0.0;  // mean of second - first
  Interval interval;        // 95 % percentile bootstrap over the pairs
};

// `first` and `second` are any per-review values (1/0 for right or wrong, seconds, joules), paired by index.
Result<PairedDifference> paired_difference(std::span<const double> first, std::span<const double> second,
                                           int resamples = 2000, uint64_t seed = kResamplingSeed);

}  // namespace coppice::metrics
