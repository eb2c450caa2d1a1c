#include "native/energy/gpu_meter.h"

#include <algorithm>

namespace coppice::energy {

namespace {

constexpr double kCounterPeriodSeconds = 0.1;
constexpr double kPowerMeanSeconds = 1.0;
constexpr double kSensorError = 0.05;
// No device draws this much. More than that is no reading.
constexpr double kMostWatts = 3000.0;
// A counter that stands still this long is not counting: an idle device draws some watts too.
constexpr double kFrozenDeviceSeconds = 3.0;

bool is_sane(const std::optional<double>& watts) { return watts && *watts > 0.0 && *watts <= kMostWatts; }

}  // namespace

GpuMeter::Part& GpuMeter::Part::operator+=(const Part& other) {
  joules += other.joules;
  low += other.low;
  high += other.high;
  seconds += other.seconds;
  return *this;
}

GpuMeter::GpuMeter(const GpuReading& first)
    : has_counter_(first.counter_joules.has_value()), last_counter_(first.counter_joules.value_or(0.0)) {
  if (!is_sane(first.watts)) return;
  last_watts_ = first.watts;
  least_watts_ = most_watts_ = *first.watts;
}

std::string GpuMeter::advance(double seconds, const GpuReading& now, const GpuShare& share) {
  seconds_ += seconds;
  pending_seconds_ += seconds;
  last_share_ = share.high;
  std::string problem;
  const std::optional<double> watts = is_sane(now.watts) ? now.watts : std::nullopt;
  if (watts) {
    least_watts_ = least_watts_ > 0.0 ? std::min(least_watts_, *watts) : *watts;
    most_watts_ = std::max(most_watts_, *watts);
  } else if (now.watts) {
    problem = "a power reading of " + std::to_string(*now.watts) + " W is left out: expected 0 to 3000 W";
  }
  if (watts && last_watts_) {
    const auto [least, most] = std::minmax(*watts, *last_watts_);
    pending_ += {0.5 * (least + most) * seconds * share.value, least * seconds * share.low, most * seconds * share.high,
                 seconds};
  }
  last_watts_ = watts;
  if (has_counter_) {
    const std::string counter_problem = advance_counter(now.counter_joules, share);
    return counter_problem.empty() ? problem : counter_problem;
  }
  take_polled();
  return problem;
}

// What the power readings say of the time since the counter last moved becomes final.
void GpuMeter::take_polled() {
  polled_ += pending_;
  missing_seconds_ += pending_seconds_ - pending_.seconds;
  pending_ = {};
  pending_seconds_ = 0.0;
}

std::string GpuMeter::advance_counter(const std::optional<double>& counter, const GpuShare& share) {
  lost_ = !counter;
  if (lost_) return "its energy counter can no longer be read";  // should it come back, that reading covers the gap
  const double joules = *counter - last_counter_;
  if (joules == 0.0) {
    frozen_ = frozen_ || pending_seconds_ >= kFrozenDeviceSeconds;
    return frozen_ ? "its energy counter stands still: power readings stand in where there are any" : "";
  }
  last_counter_ = *counter;
  if (frozen_) {  // nobody knows whether it counted in the meantime
    frozen_ = false;
    take_polled();
    return "";
  }
  // The counter has 64 bits and never wraps; it begins anew when the driver is loaded again.
  if (joules < 0.0 || joules > kMostWatts * (pending_seconds_ + kCounterPeriodSeconds)) {
    take_polled();
    return std::string("its energy counter jumped ") + (joules < 0.0 ? "back" : "ahead by more than 3000 W") +
           ": power readings stand in for that interval where there are any";
  }
  counted_ += {joules * share.value, joules * share.low, joules * share.high, pending_seconds_};
  pending_ = {};
  pending_seconds_ = 0.0;
  return "";
}

std::optional<GpuEnergy> GpuMeter::total() const {
  Part polled = polled_;
  double missing = missing_seconds_;
  double late = 0.0;  // the counter may have been written since
  // A run so short that the counter was never written has its power readings; so has a counter that fails.
  const bool never_moved = has_counter_ && counted_.seconds == 0.0;
  if (lost_ || frozen_ || never_moved) {
    polled += pending_;
    missing += pending_seconds_ - pending_.seconds;
  } else {
    late = pending_seconds_;
  }
  Part sum = counted_;
  sum += polled;
  if (sum.seconds <= 0.0) return std::nullopt;

  GpuEnergy energy{sum.joules, sum.low, sum.high, 0.0, counted_.seconds > 0.0, polled.seconds > 0.0, missing > 1e-9};
  const double mean_watts = sum.joules / sum.seconds;
  const double most_watts = std::max(most_watts_ * last_share_, mean_watts);
  if (energy.filled) {
    energy.joules += mean_watts * missing;
    energy.high += most_watts * missing;
  }
  energy.low *= 1.0 - kSensorError;
  energy.high *= 1.0 + kSensorError;
  if (energy.counted || never_moved) {
    energy.slack += most_watts * kCounterPeriodSeconds;
    energy.high += most_watts * late;
  }
  if (energy.polled) {
    energy.slack += (most_watts_ - least_watts_) * last_share_ * std::min(kPowerMeanSeconds, polled.seconds);
  }
  energy.low -= energy.slack;
  energy.high += energy.slack;
  if (never_moved) energy.low = 0.0;
  energy.low = std::clamp(energy.low, 0.0, energy.joules);
  energy.high = std::max(energy.high, energy.joules);
  return energy;
}

}  // namespace coppice::energy
