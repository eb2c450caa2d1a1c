// Summaries that a few slow runs cannot spoil: median, median absolute deviation, percentiles, and a bootstrap interval
// for a median. Used for times and energies, never for accuracy.
#pragma once

#include <cstdint>
#include <span>

#include "shared/base/status.h"
#include "shared/metrics/random.h"

namespace coppice::metrics {

// Both ends belong to the interval.
struct Interval {
  double low = 0.0;
  double high = 0.0;
};

// All refuse an empty list and values that are not finite.

// Linear interpolation between the two nearest values (Hyndman and Fan's type 7, numpy's default): `percent` in 0..100
// sits at position percent/100 * (n - 1) of the sorted values.
Result<double> percentile(std::span<const double> values, double percent);

Result<double> median(std::span<const double> values);

// Median of |value - median|, not scaled to a standard deviation.
Result<double> median_absolute_deviation(std::span<const double> values);

// 95 % percentile bootstrap interval of the median. Of one value it is that value: say n beside it.
Result<Interval> median_interval(std::span<const double> values, int resamples = 2000, uint64_t seed = kResamplingSeed);

// The same of any percentile, in 0..100. Of the extremes of a small sample it says little: the largest value seen
// bounds it.
Result<Interval> percentile_interval(std::span<const double> values, double percent, int resamples = 2000,
                                     uint64_t seed = kResamplingSeed);

}  // namespace coppice::metrics
