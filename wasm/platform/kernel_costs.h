// What each format of weights costs in this browser.
#pragma once

#include "shared/engine/kernel_costs.h"

namespace coppice::platform {

// Browsers compile code that runs for a while anew, so that the first times are of other code than the reviews will
// run. Found by trial in Chromium, with room.
inline constexpr double kFirstCalls = 300;
// engine::ClassifierOptions::measure_costs.
void measure_costs(engine::FormatChoice choice, engine::KernelCosts& costs);

// Linear memory ends at 2 GB, of which the code and the heap's own use take a little.
inline constexpr int64_t kMemoryLimitBytes = 1900000000;

}  // namespace coppice::platform
