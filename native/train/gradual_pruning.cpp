#include "native/train/gradual_pruning.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

namespace coppice::train {
namespace {

int64_t step_at(double share, int64_t total_steps) {
  return std::clamp<int64_t>(std::llround(share * static_cast<double>(total_steps)), 1, total_steps);
}

}  // namespace

OrderedJson to_json(const GradualPruningConfig& config) {
  OrderedJson json;
  json["sparsity"] = config.sparsity;
  json["score"] = prune::to_string(config.score);
  json["scope"] = prune::to_string(config.scope);
  json["pattern"] = prune::to_string(config.pattern);
  json["schedule"] = "cubic";
  json["begin"] = config.begin;
  json["end"] = config.end;
  json["every_steps"] = config.every_steps;
  return json;
}

Status check(const GradualPruningConfig& config) {
  if (!(config.sparsity >= 0 && config.sparsity < 1)) {
    return invalid_usage("the sparsity to reach is " + std::to_string(config.sparsity) +
                         "; expected a share in [0, 1), e.g. 0.8");
  }
  if (!(config.begin >= 0 && config.begin < config.end && config.end <= 1)) {
    return invalid_usage("pruning goes from " + std::to_string(config.begin) + " to " + std::to_string(config.end) +
                         " of the steps; expected 0 <= begin < end <= 1");
  }
  if (config.every_steps < 1) return invalid_usage("steps between two prunings: expected at least 1");
  if (config.pattern.is_n_of_m()) {
    return invalid_usage("the pattern " + prune::to_string(config.pattern) +
                         " has no shares in between; prune once with `coppice prune --pattern` and train with "
                         "--keep-zeros");
  }
  return {};
}

double cubic_sparsity(const GradualPruningConfig& config, int64_t step, int64_t total_steps) {
  const auto begin = static_cast<double>(step_at(config.begin, total_steps));
  const auto end = static_cast<double>(step_at(config.end, total_steps));
  const auto t = static_cast<double>(step);
  if (t < begin) return 0;
  if (t >= end) return config.sparsity;
  const double left = 1 - (t - begin) / (end - begin);
  return config.sparsity * (1 - left * left * left);
}

GradualPruning::GradualPruning(GradualPruningConfig config, std::vector<std::string> matrices, AdamW& optimizer,
                               int64_t total_steps)
    : config_(config),
      matrices_(std::move(matrices)),
      optimizer_(optimizer),
      begin_step_(step_at(config.begin, total_steps)),
      end_step_(step_at(config.end, total_steps)),
      total_steps_(total_steps) {
  for (const AdamW::Slot* slot : pruned_slots()) {
    if (config_.score == prune::Score::kMovement) scores_.push_back({slot->name, at::zeros(slot->parameter.sizes())});
  }
}

std::vector<AdamW::Slot*> GradualPruning::pruned_slots() {
  std::vector<AdamW::Slot*> slots;
  for (AdamW::Slot& slot : optimizer_.slots()) {
    if (std::find(matrices_.begin(), matrices_.end(), slot.name) != matrices_.end()) slots.push_back(&slot);
  }
  return slots;
}

Status GradualPruning::restore() {
  const at::NoGradGuard no_grad;
  int64_t zeros = 0;
  int64_t weights = 0;
  for (AdamW::Slot* slot : pruned_slots()) {
    // Trained weights are never exactly 0 by chance: what is 0 was pruned.
    slot->mask = slot->parameter.ne(0).to(at::kFloat);
    zeros += slot->parameter.eq(0).sum().item<int64_t>();
    weights += slot->parameter.numel();
  }
  share_of_zeros_ = static_cast<double>(zeros) / static_cast<double>(std::max<int64_t>(1, weights));
  if (share_of_zeros_ > config_.sparsity + 1e-6) {  // it is rounded to whole weights
    return invalid_usage("the model's encoder has " + std::to_string(share_of_zeros_) +
                         " zeros already, more than the " + std::to_string(config_.sparsity) + " to reach");
  }
  return {};
}

void GradualPruning::see_gradients() {
  if (scores_.empty()) return;
  const at::NoGradGuard no_grad;
  const std::vector<AdamW::Slot*> slots = pruned_slots();
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i]->gradient.defined()) scores_[i].score.addcmul_(slots[i]->parameter, slots[i]->gradient, -1.0);
  }
}

Result<bool> GradualPruning::after_step(int64_t step) {
  if (step < begin_step_ || step > end_step_) return false;
  if (step != end_step_ && (step - begin_step_) % config_.every_steps != 0) return false;
  const double before = share_of_zeros_;
  const double wanted = cubic_sparsity(config_, step, total_steps_);
  if (wanted > before) COPPICE_RETURN_IF_ERROR(prune_to(wanted));
  return share_of_zeros_ > before;
}

Status GradualPruning::prune_to(double sparsity) {
  const at::NoGradGuard no_grad;
  const std::vector<AdamW::Slot*> slots = pruned_slots();
  std::vector<at::Tensor> scores;
  std::vector<prune::ScoredMatrix> matrices;
  for (size_t i = 0; i < slots.size(); ++i) {
    const AdamW::Slot& slot = *slots[i];
    if (config_.score == prune::Score::kMovement) {
      scores.push_back(scores_[i].score);
    } else if (config_.score == prune::Score::kFisher) {
      scores.push_back(slot.parameter.square().mul_(slot.second_moment));
    } else {
      scores.push_back(slot.parameter.abs());
    }
    const auto count = static_cast<size_t>(slot.parameter.numel());
    matrices.push_back({slot.name,
                        slot.parameter.size(0),
                        slot.parameter.size(1),
                        {slot.parameter.data_ptr<float>(), count},
                        {scores.back().data_ptr<float>(), count}});
  }
  COPPICE_ASSIGN_OR_RETURN(const prune::Selection selection,
                           prune::select_weights(matrices, {sparsity, config_.scope, config_.pattern}));
  for (size_t i = 0; i < slots.size(); ++i) {
    AdamW::Slot& slot = *slots[i];
    auto* mask = slot.mask.data_ptr<float>();
    for (size_t w = 0; w < selection.keep[i].size(); ++w) mask[w] = static_cast<float>(selection.keep[i][w]);
    slot.parameter.mul_(slot.mask);
    slot.first_moment.mul_(slot.mask);
    slot.second_moment.mul_(slot.mask);
  }
  share_of_zeros_ = static_cast<double>(selection.all_zeros) / static_cast<double>(selection.weights);
  return {};
}

}  // namespace coppice::train
