// What each format of weights costs in this browser.
#pragma once

#include "shared/engine/kernel_costs.h"

namespace coppice::platform {

// engine::ClassifierOptions::measure_costs. Measured twice: browsers compile code that runs for a while anew, so that
// the first time is of other code than the reviews will run.
void measure_costs(engine::FormatChoice choice, engine::KernelCosts& costs);

// Linear memory ends at 2 GB, of which the code and the heap's own use take a little.
inline constexpr int64_t kMemoryLimitBytes = 1900000000;

}  // namespace coppice::platform
