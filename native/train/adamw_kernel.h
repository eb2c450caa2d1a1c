// The inner loop of AdamW, apart from libtorch's headers so that it has compiler flags of its own.
#pragma once

#include <cstdint>

namespace coppice::train {

struct AdamWUpdate {
  float beta1, beta2, one_minus_beta1, one_minus_beta2;
  float gradient_scale;
  float step_size;     // learning rate / (1 - beta1^t)
  float second_scale;  // 1 / sqrt(1 - beta2^t)
  float epsilon;
  float decay;  // 1 - learning rate * weight decay
};

// Weights w, gradients g, first moments m and second moments v, elements [begin, end).
void adamw_update(float* w, const float* g, float* m, float* v, int64_t begin, int64_t end, const AdamWUpdate& update);

}  // namespace coppice::train
