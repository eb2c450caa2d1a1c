// A browser's side, or node's, of the library.
#include <algorithm>

#include "shared/core_api/platform.h"
#include "wasm/platform/clock.h"
#include "wasm/platform/kernel_costs.h"

namespace coppice::core_api::platform {

double seconds() { return coppice::platform::seconds(); }

// Browsers coarsen the clock, and do not say by how much: the shortest of a few differences.
double clock_step_seconds() {
  static const double step = [] {
    constexpr int kSteps = 5;
    constexpr int kMostReadings = 1000000;  // a clock that stands still must not hold up a page
    double shortest = 0;
    double last = coppice::platform::seconds();
    int steps = 0;
    for (int i = 0; i < kMostReadings && steps < kSteps; ++i) {
      const double now = coppice::platform::seconds();
      if (now == last) continue;
      shortest = steps == 0 ? now - last : std::min(shortest, now - last);
      last = now;
      ++steps;
    }
    return shortest;
  }();
  return step;
}

void measure_costs(engine::FormatChoice choice, engine::KernelCosts& costs) {
  coppice::platform::measure_costs(choice, costs);
}

std::optional<std::string> sha256_hex(std::string_view) { return std::nullopt; }

int64_t memory_limit_bytes() { return coppice::platform::kMemoryLimitBytes; }

}  // namespace coppice::core_api::platform
