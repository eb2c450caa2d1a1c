// Energy of one inference, method "time_power", version 1:  E = t x P.
//
//   t   median time of the timed runs, with its interval and the step of the clock it was read from
//   P   power of a device of that kind in use, lowest to highest (device.h)
//
// The clock: a time is the difference of two readings, each a whole number of steps, so it lies within one step of the
// truth. Where a time is the mean of n runs between two readings, within a step / n.
#pragma once

#include "shared/energy/device.h"
#include "shared/energy/figure.h"
#include "shared/energy/units.h"

namespace coppice::energy {

struct TimedInference {
  Seconds median;
  Seconds low;          // of the median's interval
  Seconds high;         // likewise
  Seconds clock_error;  // step of the clock / runs between two readings; 0: not known
};

// low = (t.low - clock error) x lowest power, not below 0; high = (t.high + clock error) x highest power. Modelled: the
// time is observed, the power a default of the kind of device.
Figure<Joules> energy_by_time(const TimedInference& time, const DevicePreset& device);

}  // namespace coppice::energy
