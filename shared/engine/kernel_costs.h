// What one multiplication costs in each format of weights, on the machine at hand: about half a millisecond of each
// format at load, more where the clock's steps are coarse.
#pragma once

#include "shared/engine/linear.h"

namespace coppice::engine {

// now: seconds of a clock that never goes back, in steps of a millisecond or less (a time is of twenty steps at least);
// of the calling thread's CPU time where the machine has other work. Where the clock shows no time at all, the costs of
// the table (linear.h).
// first_calls: where code is compiled anew while it runs, products are run again until so many times the time has
// passed that one call of each took at first, but a second at most, and the shortest of each counts. Code that is slow
// at first is so in that proportion, and once all is compiled there is less to wait for.
KernelCosts measure_kernel_costs(double (*now)(), double first_calls = 0);
// Only the members that `choice` is made by; the others stay as they are.
void measure_kernel_costs(double (*now)(), FormatChoice choice, KernelCosts& costs, double first_calls = 0);

// Multiplications a second of dense products on what stays in the caches, one thread: the peak that a profile is held
// against. The same pieces as above.
struct KernelRates {
  double float32 = 0;
  double int8 = 0;
};
KernelRates measure_kernel_rates(double (*now)());

}  // namespace coppice::engine
