#include "wasm/platform/kernel_costs.h"

#include "wasm/platform/clock.h"

namespace coppice::platform {

const engine::KernelCosts& kernel_costs() {
  static const engine::KernelCosts costs = [] {
    engine::measure_kernel_costs(&seconds);
    return engine::measure_kernel_costs(&seconds);
  }();
  return costs;
}

}  // namespace coppice::platform
