#include "shared/metrics/paired_score.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace coppice::metrics {
namespace {

constexpr double kZ = 1.959963984540054;  // 97.5 % point of the standard normal
// Halvings of an interval of at most 2: far below the rounding of the statistic itself.
constexpr int kBisections = 60;

Status check(const PairedCounts& counts) {
  if (counts.n < 1 || counts.only_first_right < 0 || counts.only_second_right < 0 ||
      counts.only_first_right > counts.n - counts.only_second_right) {
    return invalid_usage("metrics: a paired score needs n > 0 and counts within it, not " +
                         std::to_string(counts.only_first_right) + " and " + std::to_string(counts.only_second_right) +
                         " of " + std::to_string(counts.n));
  }
  return {};
}

// The statistic falls as the assumed difference grows: where it passes `target` between `low` and `high`.
double solve(const PairedCounts& counts, double target, double low, double high) {
  for (int i = 0; i < kBisections; ++i) {
    const double middle = 0.5 * (low + high);
    (tango_statistic(counts, middle) > target ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

double tango_statistic(const PairedCounts& counts, double difference) {
  const auto n = static_cast<double>(counts.n);
  const auto gained = static_cast<double>(counts.only_second_right);
  const auto lost = static_cast<double>(counts.only_first_right);
  const double numerator = gained - lost - n * difference;
  // The probability of `lost` with the largest likelihood under the hypothesis: the larger root of Tango's quadratic.
  const double a = 2 * n;
  const double b = -gained - lost + (2 * n - gained + lost) * difference;
  const double c = -lost * difference * (1 - difference);
  const double q = (std::sqrt(std::max(0.0, b * b - 4 * a * c)) - b) / (2 * a);
  const double variance = n * (2 * q + difference * (1 - difference));
  if (numerator == 0) return 0;
  if (variance <= 0) return std::copysign(std::numeric_limits<double>::infinity(), numerator);
  return numerator / std::sqrt(variance);
}

Result<PairedScore> paired_score(const PairedCounts& counts) {
  COPPICE_RETURN_IF_ERROR(check(counts));
  PairedScore score;
  const auto n = static_cast<double>(counts.n);
  score.difference = static_cast<double>(counts.only_second_right - counts.only_first_right) / n;
  // At the ends themselves the statistic has no value.
  score.interval.low = counts.only_first_right == counts.n ? -1.0 : solve(counts, kZ, -1.0, score.difference);
  score.interval.high = counts.only_second_right == counts.n ? 1.0 : solve(counts, -kZ, score.difference, 1.0);
  return score;
}

const char* to_string(NonInferiority verdict) {
  switch (verdict) {
    case NonInferiority::kShown:
      return "shown";
    case NonInferiority::kRefuted:
      return "refuted";
    case NonInferiority::kInconclusive:
      return "inconclusive";
  }
  return "inconclusive";
}

Result<NonInferiorityTest> non_inferiority(const PairedCounts& counts, double margin) {
  if (!(margin > 0 && margin < 1)) {
    return invalid_usage("metrics: the margin of non-inferiority must lie between 0 and 1, not " +
                         std::to_string(margin));
  }
  COPPICE_ASSIGN_OR_RETURN(const PairedScore score, paired_score(counts));
  NonInferiorityTest test{margin, 1.0, NonInferiority::kInconclusive};
  test.p_value = 0.5 * std::erfc(tango_statistic(counts, -margin) / std::sqrt(2.0));
  if (score.interval.low > -margin) test.verdict = NonInferiority::kShown;
  if (score.interval.high < -margin) test.verdict = NonInferiority::kRefuted;
  return test;
}

}  // namespace coppice::metrics
