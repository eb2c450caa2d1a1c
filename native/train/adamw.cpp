#include "native/train/adamw.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "native/train/adamw_kernel.h"

namespace coppice::train {
AdamW::AdamW(model::BertClassifier& model, AdamWOptions options, const Masks& masks, model::WorkerPool& pool)
    : options_(options), pool_(pool) {
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

std::vector<at::Tensor> AdamW::parameters() const {
  std::vector<at::Tensor> parameters;
  for (const Slot& slot : slots_) parameters.push_back(slot.parameter);
  return parameters;
}

void AdamW::accumulate(std::vector<at::Tensor> gradients) {
  pool_.run(slots_.size(), [&](size_t i) {
    const at::NoGradGuard no_grad;
    if (!gradients[i].defined()) return;
    if (slots_[i].gradient.defined()) {
      slots_[i].gradient.add_(gradients[i]);
    } else {
      slots_[i].gradient = gradients[i].contiguous();
    }
  });
}

double AdamW::gradient_norm() {
  std::vector<double> squares(slots_.size(), 0.0);
  pool_.run(slots_.size(), [&](size_t i) {
    const at::NoGradGuard no_grad;
    Slot& slot = slots_[i];
    if (!slot.gradient.defined()) return;
    if (slot.mask.defined()) slot.gradient.mul_(slot.mask);
    const double norm = slot.gradient.norm().item<double>();
    squares[i] = norm * norm;
  });
  // In the order of the slots: the same sum whichever thread was first.
  double sum = 0;
  for (const double square : squares) sum += square;
  return std::sqrt(sum);
}

void AdamW::step(double learning_rate, double gradient_scale) {
  ++steps_done_;
  const auto t = static_cast<double>(steps_done_);
  pool_.run(slots_.size(), [&](size_t i) {
    const at::NoGradGuard no_grad;
    Slot& slot = slots_[i];
    if (!slot.gradient.defined()) return;
    const AdamWUpdate update{static_cast<float>(options_.beta1),
                             static_cast<float>(options_.beta2),
                             static_cast<float>(1 - options_.beta1),
                             static_cast<float>(1 - options_.beta2),
                             static_cast<float>(gradient_scale),
                             static_cast<float>(learning_rate / (1 - std::pow(options_.beta1, t))),
                             static_cast<float>(1 / std::sqrt(1 - std::pow(options_.beta2, t))),
                             static_cast<float>(options_.epsilon),
                             static_cast<float>(slot.decays ? 1 - learning_rate * options_.weight_decay : 1.0)};
    adamw_update(slot.parameter.data_ptr<float>(), slot.gradient.data_ptr<float>(), slot.first_moment.data_ptr<float>(),
                 slot.second_moment.data_ptr<float>(), 0, slot.parameter.numel(), update);
    if (slot.mask.defined()) slot.parameter.mul_(slot.mask);
    slot.gradient.reset();
  });
}

double linear_schedule(int64_t step, int64_t warmup_steps, int64_t total_steps) {
  if (step < warmup_steps) return static_cast<double>(step + 1) / static_cast<double>(warmup_steps);
  return static_cast<double>(std::max<int64_t>(total_steps - step, 0)) /
         static_cast<double>(std::max<int64_t>(total_steps - warmup_steps, 1));
}

}  // namespace coppice::train
