#include "shared/metrics/robust.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace coppice::metrics {

namespace {

Status check(std::span<const double> values) {
  if (values.empty()) return invalid_input("statistics: the list is empty; at least one value is needed");
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return invalid_input("statistics: value " + std::to_string(i) + " is not a finite number");
    }
  }
  return {};
}

double percentile_of_sorted(std::span<const double> sorted, double percent) {
  const double position = percent / 100.0 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(position);
  if (below + 1 >= sorted.size()) return sorted.back();
  const double share = position - static_cast<double>(below);
  return sorted[below] + share * (sorted[below + 1] - sorted[below]);
}

std::vector<double> sorted_copy(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace

Result<double> percentile(std::span<const double> values, double percent) {
  COPPICE_RETURN_IF_ERROR(check(values));
  if (!(percent >= 0.0 && percent <= 100.0)) {
    return invalid_usage("statistics: a percentile must lie in 0..100, not " + std::to_string(percent));
  }
  return percentile_of_sorted(sorted_copy(values), percent);
}

Result<double> median(std::span<const double> values) { return percentile(values, 50.0); }

Result<double> median_absolute_deviation(std::span<const double> values) {
  COPPICE_ASSIGN_OR_RETURN(const double centre, median(values));
  std::vector<double> deviations;
  deviations.reserve(values.size());
  for (const double value : values) deviations.push_back(std::abs(value - centre));
  return median(deviations);
}

Result<Interval> median_interval(std::span<const double> values, int resamples, uint64_t seed) {
  COPPICE_RETURN_IF_ERROR(check(values));
  if (resamples < 1) return invalid_usage("statistics: the number of resamples must be positive");
  if (values.size() > UINT32_MAX) return invalid_usage("statistics: more than 2^32 values cannot be resampled");
  CounterRandom random(seed);
  const auto n = static_cast<uint32_t>(values.size());
  std::vector<double> sample(values.size());
  std::vector<double> medians(static_cast<size_t>(resamples));
  for (double& result : medians) {
    for (double& value : sample) value = values[random.below(n)];
    const auto middle = sample.begin() + static_cast<std::ptrdiff_t>(n / 2);
    std::nth_element(sample.begin(), middle, sample.end());
    result = *middle;
    if (n % 2 == 0) result = 0.5 * (result + *std::max_element(sample.begin(), middle));
  }
  std::sort(medians.begin(), medians.end());
  return Interval{percentile_of_sorted(medians, 2.5), percentile_of_sorted(medians, 97.5)};
}

Result<Interval> percentile_interval(std::span<const double> values, double percent, int resamples, uint64_t seed) {
  COPPICE_RETURN_IF_ERROR(check(values));
  if (!(percent >= 0.0 && percent <= 100.0)) {
    return invalid_usage("statistics: a percentile must lie in 0..100, not " + std::to_string(percent));
  }
  if (resamples < 1) return invalid_usage("statistics: the number of resamples must be positive");
  if (values.size() > UINT32_MAX) return invalid_usage("statistics: more than 2^32 values cannot be resampled");
  CounterRandom random(seed);
  const auto n = static_cast<uint32_t>(values.size());
  const double position = percent / 100.0 * static_cast<double>(n - 1);
  const auto below = static_cast<size_t>(position);
  const double share = position - static_cast<double>(below);
  std::vector<double> sample(values.size());
  std::vector<double> found(static_cast<size_t>(resamples));
  for (double& result : found) {
    for (double& value : sample) value = values[random.below(n)];
    const auto at = sample.begin() + static_cast<std::ptrdiff_t>(below);
    std::nth_element(sample.begin(), at, sample.end());
    result = *at;
    if (share > 0.0 && below + 1 < sample.size()) {
      result += share * (*std::min_element(at + 1, sample.end()) - result);
    }
  }
  std::sort(found.begin(), found.end());
  return Interval{percentile_of_sorted(found, 2.5), percentile_of_sorted(found, 97.5)};
}

}  // namespace coppice::metrics
