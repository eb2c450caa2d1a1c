#include "shared/energy/break_even.h"

#include <algorithm>
#include <cmath>

namespace coppice::energy {
namespace {

constexpr double kZ = 1.959963984540054;  // 97.5 % point of the standard normal
constexpr double kDeviationOfMad = 1.4826022185056018;
constexpr double kErrorOfMedian = 1.2533141373155003;

double ratio(Joules part, Joules whole) { return whole.value() > 0 ? part / whole : 1.0; }

}  // namespace

double relative_error_of_median(double median, double median_absolute_deviation, double n) {
  if (!(median > 0) || !(n >= 1)) return 0;
  return kErrorOfMedian * kDeviationOfMad * median_absolute_deviation / std::sqrt(n) / median;
}

Saving saving_per_inference(const InferenceCost& before, const InferenceCost& after, bool shared_power) {
  const Figure<Joules>& a = before.energy;
  const Figure<Joules>& b = after.energy;
  Saving saving{a.value - b.value, a.low - b.high, a.high - b.low, shared_power};
  if (!shared_power) return saving;
  const double error = kZ * std::hypot(a.value.value() * before.relative_time_error.value_or(0),
                                       b.value.value() * after.relative_time_error.value_or(0));
  // One power stands behind both; rounding aside, their relative bands are equal.
  const double least = std::min(ratio(a.low, a.value), ratio(b.low, b.value));
  const double most = std::max(ratio(a.high, a.value), ratio(b.high, b.value));
  const double low = saving.value.value() - error;
  const double high = saving.value.value() + error;
  saving.low = Joules(low * (low > 0 ? least : most));
  saving.high = Joules(high * (high > 0 ? most : least));
  return saving;
}

EnergyRatio energy_ratio(const InferenceCost& before, const InferenceCost& after, bool shared_power) {
  const Figure<Joules>& a = before.energy;
  const Figure<Joules>& b = after.energy;
  const double value = b.value / a.value;
  if (!shared_power) return {value, b.low / a.high, b.high / a.low};
  const double error = kZ * std::hypot(before.relative_time_error.value_or(0), after.relative_time_error.value_or(0));
  return {value, value * std::exp(-error), value * std::exp(error)};
}

BreakEven break_even(const Figure<Joules>& making, const Saving& saving) {
  BreakEven result;
  if (saving.low.value() <= 0) return result;
  result.never = false;
  result.inferences = making.value / saving.value;
  result.low = making.low / saving.high;
  result.high = making.high / saving.low;
  return result;
}

}  // namespace coppice::energy
