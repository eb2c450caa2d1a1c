#include "shared/metrics/paired.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace coppice::metrics {

Result<McNemar> mcnemar_exact(int64_t only_first_right, int64_t only_second_right) {
  if (only_first_right < 0 || only_second_right < 0) {
    return invalid_usage("metrics: McNemar's test needs counts that are not negative");
  }
  McNemar result{only_first_right, only_second_right, 1.0};
  const int64_t n = only_first_right + only_second_right;
  if (n == 0) return result;
  // Sum of C(n, i) / 2^n over the smaller tail, in logarithms relative to its largest term so that n = 25,000 neither
  // overflows nor vanishes.
  const int64_t tail = std::min(only_first_right, only_second_right);
  double log_largest = -static_cast<double>(n) * std::log(2.0);  // i = 0
  for (int64_t i = 1; i <= tail; ++i) {
    log_largest += std::log(static_cast<double>(n - i + 1)) - std::log(static_cast<double>(i));
  }
  double sum = 0.0;
  double term = 1.0;
  for (int64_t i = tail; i >= 0 && term > 0.0; --i) {
    sum += term;
    term *= static_cast<double>(i) / static_cast<double>(n - i + 1);
  }
  result.p_value = std::min(1.0, 2.0 * std::exp(log_largest) * sum);
  return result;
}

Result<McNemar> mcnemar_exact(std::span<const int> first_right, std::span<const int> second_right) {
  if (first_right.empty() || first_right.size() != second_right.size()) {
    return invalid_usage("metrics: McNemar's test needs two lists of one length, not " +
                         std::to_string(first_right.size()) + " and " + std::to_string(second_right.size()));
  }
  int64_t only_first = 0;
  int64_t only_second = 0;
  for (size_t i = 0; i < first_right.size(); ++i) {
    if ((first_right[i] != 0 && first_right[i] != 1) || (second_right[i] != 0 && second_right[i] != 1)) {
      return invalid_input("metrics: McNemar's test: value " + std::to_string(i) + " is neither 0 nor 1");
    }
    only_first += first_right[i] > second_right[i] ? 1 : 0;
    only_second += second_right[i] > first_right[i] ? 1 : 0;
  }
  return mcnemar_exact(only_first, only_second);
}

Result<PairedDifference> paired_difference(std::span<const double> first, std::span<const double> second, int resamples,
                                           uint64_t seed) {
  if (first.empty() || first.size() != second.size()) {
    return invalid_usage("metrics: a paired difference needs two lists of one length, not " +
                         std::to_string(first.size()) + " and " + std::to_string(second.size()));
  }
  if (resamples < 1) return invalid_usage("metrics: the number of resamples must be positive");
  if (first.size() > UINT32_MAX) return invalid_usage("metrics: more than 2^32 pairs");
  std::vector<double> differences(first.size());
  double sum = 0.0;
  for (size_t i = 0; i < first.size(); ++i) {
    differences[i] = second[i] - first[i];
    if (!std::isfinite(differences[i])) {
      return invalid_input("metrics: pair " + std::to_string(i) + " holds a value that is not finite");
    }
    sum += differences[i];
  }
  const auto n = static_cast<uint32_t>(first.size());
  CounterRandom random(seed);
  std::vector<double> means(static_cast<size_t>(resamples));
  for (double& mean : means) {
    double total = 0.0;
    for (uint32_t draw = 0; draw < n; ++draw) total += differences[random.below(n)];
    mean = total / n;
  }
  COPPICE_ASSIGN_OR_RETURN(const double low, percentile(means, 2.5));
  COPPICE_ASSIGN_OR_RETURN(const double high, percentile(means, 97.5));
  return PairedDifference{sum / n, {low, high}};
}

}  // namespace coppice::metrics
