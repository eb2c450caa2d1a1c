// After how many inferences has a cheaper model repaid what making it took? Break-even, version 1.
//
//   n = energy of making / (energy per inference before - after)
//
// `design.md` asks for the interval, and for "never" where the interval of the saving reaches 0: what may save nothing
// is never said to repay itself.
#pragma once

#include <optional>

#include "shared/energy/figure.h"

namespace coppice::energy {

// Energy of one inference, and how well its time was taken.
struct InferenceCost {
  Figure<Joules> energy;
  // Standard error of the median time over the median; absent where it is not known.
  std::optional<double> relative_time_error;
};

// Standard error of a median of `n` times from their median absolute deviation: 1.4826 MAD estimates the standard
// deviation (Hampel 1974), and the median of normal values has sqrt(pi/2) = 1.2533 times the error of their mean.
double relative_error_of_median(double median, double median_absolute_deviation, double n);

struct Saving {
  Joules value;  // per inference, before - after
  Joules low;
  Joules high;
  bool shared_power = false;  // as the argument
};

// `shared_power`: both were timed in turns in one run and their energies are time x the same power, whose error is then
// the same for both: the interval is that of the difference of the times (95 %, normal), scaled by the band of the
// power. Otherwise nothing is known to be shared, and the two bands are set against each other: low = before.low -
// after.high.
Saving saving_per_inference(const InferenceCost& before, const InferenceCost& after, bool shared_power);

// after / before, of the energy of one inference.
struct EnergyRatio {
  double value = 0;
  double low = 0;
  double high = 0;
};

// With shared power the power cancels: the interval is that of the ratio of the two median times (95 %, normal on the
// logarithm). Otherwise low = after.low / before.high. Energies above 0.
EnergyRatio energy_ratio(const InferenceCost& before, const InferenceCost& after, bool shared_power);

struct BreakEven {
  bool never = true;  // low..high of the saving holds 0 or less; the three below mean nothing then
  double inferences = 0;
  double low = 0;   // cheapest making over largest saving
  double high = 0;  // dearest making over smallest saving
};

BreakEven break_even(const Figure<Joules>& making, const Saving& saving);

}  // namespace coppice::energy
