// The energy of one GPU from its readings: by its energy counter, else by power readings.
//
// The counter is written about every 100 ms, so that each end of a window is uncertain by that much. Between power
// readings a straight line is drawn (trapezoids); low and high take the lesser and the greater of two neighbours.
// Recent devices tell the mean power of the last second: a short run with changing power is uncertain by that. Both
// rest on the same sensors, which NVIDIA documents to 5 %.
#pragma once

#include <optional>
#include <string>

#include "native/energy/gpu_share.h"

namespace coppice::energy {

// One look; what could not be read is absent. Joules since some moment before.
struct GpuReading {
  std::optional<double> counter_joules;
  std::optional<double> watts;
};

struct GpuEnergy {
  double joules = 0.0;
  double low = 0.0;
  double high = 0.0;
  double slack = 0.0;    // of these low and high, what comes from the ends of the window and does not grow with it
  bool counted = false;  // the counter is in it
  bool polled = false;   // so are power readings
  bool filled = false;   // and so is time without any reading, at the mean power
};

class GpuMeter {
 public:
  // Counts by the counter if the first look has one.
  explicit GpuMeter(const GpuReading& first);

  [[nodiscard]] bool has_counter() const { return has_counter_; }

  // `seconds` > 0 have passed since the look before. Returns what is wrong with the reading, "" if nothing.
  std::string advance(double seconds, const GpuReading& now, const GpuShare& share);

  // Since the first look; absent where nothing could be read.
  [[nodiscard]] std::optional<GpuEnergy> total() const;

 private:
  struct Part {
    double joules = 0.0;
    double low = 0.0;
    double high = 0.0;
    double seconds = 0.0;
    Part& operator+=(const Part& other);
  };

  std::string advance_counter(const std::optional<double>& counter, const GpuShare& share);
  void take_polled();

  bool has_counter_ = false;
  double last_counter_ = 0.0;
  std::optional<double> last_watts_;
  double seconds_ = 0.0;  // since the first look

  Part counted_;
  Part polled_;
  double missing_seconds_ = 0.0;
  // Since the counter last moved: power readings stand by for the case that it fails.
  Part pending_;
  double pending_seconds_ = 0.0;
  bool lost_ = false;    // it cannot be read
  bool frozen_ = false;  // it stands still

  double least_watts_ = 0.0;  // of the power readings
  double most_watts_ = 0.0;
  double last_share_ = 0.0;  // its high end
};

}  // namespace coppice::energy
