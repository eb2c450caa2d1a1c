#include "native/model/int8_activations.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

namespace coppice::model {

RoundedActivations round_steps(const at::Tensor& x, const std::vector<int64_t>& offsets) {
  RoundedActivations rounded{at::empty_like(x), at::empty({x.size(0), 1})};
  for (size_t b = 0; b + 1 < offsets.size(); ++b) {
    const int64_t count = offsets[b + 1] - offsets[b];
    const at::Tensor rows = x.narrow(0, offsets[b], count);
    const auto [smallest, largest] = at::aminmax(rows);
    const float low = std::min(smallest.item<float>(), 0.0F);
    const float high = std::max(largest.item<float>(), 0.0F);
    const float scale = high == low ? 1.0F : (high - low) / 255.0F;
    const float zero_point = std::nearbyint(std::clamp(-low / scale, 0.0F, 255.0F));
    at::Tensor out = rounded.steps.narrow(0, offsets[b], count);
    at::div_out(out, rows, at::scalar_tensor(scale));
    out.round_().clamp_(-zero_point, 255.0F - zero_point);
    rounded.scales.narrow(0, offsets[b], count).fill_(scale);
  }
  return rounded;
}

RoundedActivations round_steps(const at::Tensor& x, engine::ActivationScale scale) {
  const auto zero_point = static_cast<float>(scale.zero_point);
  at::Tensor out = at::div(x, at::scalar_tensor(scale.scale));
  return {out.round_().clamp_(-zero_point, 255.0F - zero_point), at::full({1, 1}, scale.scale)};
}

at::Tensor round_to_uint8(const at::Tensor& x, const std::vector<int64_t>& offsets) {
  const RoundedActivations rounded = round_steps(x, offsets);
  return rounded.steps * rounded.scales;
}

at::Tensor round_to_uint8(const at::Tensor& x, engine::ActivationScale scale) {
  return round_steps(x, scale).steps.mul_(scale.scale);
}

}  // namespace coppice::model
