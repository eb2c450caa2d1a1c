#include "shared/engine/calibration_kernel.h"

namespace coppice::engine {
namespace {

// Four lanes: SIMD128 in WebAssembly, SSE or NEON natively.
using Lanes = float __attribute__((vector_size(16)));

constexpr double kOperationsPerRound = 8 * 4 * 2;

}  // namespace

CalibrationRun run_calibration_kernel(int64_t rounds) {
  // x -> 0.999 x + 0.001 stays near 1: no overflow, no denormals. Eight chains, so that none waits for itself.
  const Lanes scale = {0.999F, 0.998F, 0.997F, 0.996F};
  const Lanes shift = {0.001F, 0.002F, 0.003F, 0.004F};
  Lanes a = {1, 2, 3, 4};
  Lanes b = a + 1.0F;
  Lanes c = a + 2.0F;
  Lanes d = a + 3.0F;
  Lanes e = a + 4.0F;
  Lanes f = a + 5.0F;
  Lanes g = a + 6.0F;
  Lanes h = a + 7.0F;
  for (int64_t i = 0; i < rounds; ++i) {
    a = a * scale + shift;
    b = b * scale + shift;
    c = c * scale + shift;
    d = d * scale + shift;
    e = e * scale + shift;
    f = f * scale + shift;
    g = g * scale + shift;
    h = h * scale + shift;
  }
  const Lanes sum = a + b + c + d + e + f + g + h;
  return {kOperationsPerRound * static_cast<double>(rounds < 0 ? 0 : rounds), sum[0] + sum[1] + sum[2] + sum[3]};
}

}  // namespace coppice::engine
