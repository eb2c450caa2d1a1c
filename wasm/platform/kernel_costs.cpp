#include "wasm/platform/kernel_costs.h"

#include "wasm/platform/clock.h"

namespace coppice::platform {

void measure_costs(engine::FormatChoice choice, engine::KernelCosts& costs) {
  engine::measure_kernel_costs(&seconds, choice, costs, kFirstCalls);
}

}  // namespace coppice::platform
