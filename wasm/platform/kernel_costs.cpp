#include "wasm/platform/kernel_costs.h"

#include "wasm/platform/clock.h"

namespace coppice::platform {

void measure_costs(engine::FormatChoice choice, engine::KernelCosts& costs) {
  for (int i = 0; i < 2; ++i) engine::measure_kernel_costs(&seconds, choice, costs);
}

}  // namespace coppice::platform
