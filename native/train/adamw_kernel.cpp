#include "native/train/adamw_kernel.h"

#include <cmath>

namespace coppice::train {

__attribute__((target_clones("avx512f", "avx2", "default"))) void adamw_update(float* w, const float* g, float* m,
                                                                               float* v, int64_t begin, int64_t end,
                                                                               const AdamWUpdate& update) {
  const AdamWUpdate c = update;  // a copy the compiler can keep in registers: w could alias `update`
  for (int64_t i = begin; i < end; ++i) {
    const float gradient = g[i] * c.gradient_scale;
    m[i] = c.beta1 * m[i] + c.one_minus_beta1 * gradient;
    v[i] = c.beta2 * v[i] + c.one_minus_beta2 * gradient * gradient;
    w[i] = w[i] * c.decay - c.step_size * m[i] / (std::sqrt(v[i]) * c.second_scale + c.epsilon);
  }
}

}  // namespace coppice::train
