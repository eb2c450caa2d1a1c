#include "native/train/adamw.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "native/train/adamw_kernel.h"

namespace coppice::train {
namespace {

constexpr int64_t kGrain = 1 << 15;

}  // namespace

AdamW::AdamW(model::BertClassifier& model, AdamWOptions options, const Masks& masks) : options_(options) {
  model.visit([&](const std::string& name, at::Tensor& parameter, const std::vector<int64_t>&) {
    parameter.set_requires_grad(true);
    Slot slot;
    slot.name = name;
    slot.parameter = parameter;
    slot.first_moment = at::zeros(parameter.sizes());
    slot.second_moment = at::zeros(parameter.sizes());
    if (const auto it = masks.find(name); it != masks.end()) slot.mask = it->second;
    slot.decays = !name.ends_with(".bias") && name.find("LayerNorm") == std::string::npos;
    slots_.push_back(std::move(slot));
  });
}

double AdamW::gradient_norm() {
  double sum = 0;
  for (Slot& slot : slots_) {
    at::Tensor& gradient = slot.parameter.mutable_grad();
    if (!gradient.defined()) continue;
    if (slot.mask.defined()) gradient.mul_(slot.mask);
    // In pieces, each summed in double by at::norm's blocked reduction: deterministic for a given thread count.
    const double norm = gradient.norm().item<double>();
    sum += norm * norm;
  }
  return std::sqrt(sum);
}

void AdamW::step(double learning_rate, double gradient_scale) {
  const at::NoGradGuard no_grad;
  ++steps_done_;
  const auto t = static_cast<double>(steps_done_);
  for (Slot& slot : slots_) {
    at::Tensor& gradient = slot.parameter.mutable_grad();
    if (!gradient.defined()) continue;
    const at::Tensor g = gradient.contiguous();
    const AdamWUpdate update{static_cast<float>(options_.beta1),
                        static_cast<float>(options_.beta2),
                        static_cast<float>(1 - options_.beta1),
                        static_cast<float>(1 - options_.beta2),
                        static_cast<float>(gradient_scale),
                        static_cast<float>(learning_rate / (1 - std::pow(options_.beta1, t))),
                        static_cast<float>(1 / std::sqrt(1 - std::pow(options_.beta2, t))),
                        static_cast<float>(options_.epsilon),
                        static_cast<float>(slot.decays ? 1 - learning_rate * options_.weight_decay : 1.0)};
    auto* w = slot.parameter.data_ptr<float>();
    const float* gradient_data = g.data_ptr<float>();
    auto* m = slot.first_moment.data_ptr<float>();
    auto* v = slot.second_moment.data_ptr<float>();
    at::parallel_for(0, slot.parameter.numel(), kGrain,
                     [&](int64_t begin, int64_t end) { adamw_update(w, gradient_data, m, v, begin, end, update); });
    if (slot.mask.defined()) slot.parameter.mul_(slot.mask);
    gradient.reset();
  }
}

double linear_schedule(int64_t step, int64_t warmup_steps, int64_t total_steps) {
  if (step < warmup_steps) return static_cast<double>(step + 1) / static_cast<double>(warmup_steps);
  return static_cast<double>(std::max<int64_t>(total_steps - step, 0)) /
         static_cast<double>(std::max<int64_t>(total_steps - warmup_steps, 1));
}

}  // namespace coppice::train
