#include "native/prune/structured_plan.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <numeric>

namespace coppice::prune {
namespace {

// The heads or the neurons of one layer in the order they would go, least important first.
class Units {
 public:
  Units(const std::vector<double>& importance, int64_t group, int64_t at_least, const std::vector<double>& cost)
      : cost_(cost), group_(group), at_least_(at_least), left_(static_cast<int64_t>(importance.size())) {
    order_.resize(importance.size());
    std::iota(order_.begin(), order_.end(), int64_t{0});
    std::stable_sort(order_.begin(), order_.end(), [&](int64_t a, int64_t b) {
      return importance[static_cast<size_t>(a)] < importance[static_cast<size_t>(b)];
    });
    lost_.push_back(0);
    for (const int64_t index : order_) lost_.push_back(lost_.back() + importance[static_cast<size_t>(index)]);
  }

  struct Step {
    int64_t left = 0;
    double lost_per_saved = std::numeric_limits<double>::infinity();
  };
  // The next width worth going to. Times do not fall evenly with the width, so all narrower ones are looked at: a
  // group that saves nothing may be the way to one that does.
  [[nodiscard]] Step best_step() const {
    Step best;
    for (int64_t width = next_width(left_); width >= at_least_; width = next_width(width)) {
      const double saved = cost_[static_cast<size_t>(left_)] - cost_[static_cast<size_t>(width)];
      if (saved > 0) {
        const double ratio = (lost_at(width) - lost_at(left_)) / saved;
        if (ratio < best.lost_per_saved) best = {width, ratio};
      }
      if (width == at_least_) break;
    }
    return best;
  }

  void go_to(int64_t width) { left_ = width; }
  [[nodiscard]] int64_t left() const { return left_; }
  [[nodiscard]] std::vector<int64_t> kept() const {
    std::vector<int64_t> kept(order_.end() - static_cast<std::ptrdiff_t>(left_), order_.end());
    std::sort(kept.begin(), kept.end());
    return kept;
  }

 private:
  // The multiple of the group below `width`.
  [[nodiscard]] int64_t next_width(int64_t width) const { return (width - 1) / group_ * group_; }
  [[nodiscard]] double lost_at(int64_t width) const { return lost_[order_.size() - static_cast<size_t>(width)]; }

  const std::vector<double>& cost_;
  int64_t group_;
  int64_t at_least_;
  int64_t left_;
  std::vector<int64_t> order_;
  std::vector<double> lost_;  // importance of the first so many of order_
};

std::string share_text(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", share);
  return text;
}

Status check(const records::BertConfig& config, const std::vector<int64_t>& kept, const Importance& importance,
             const StructuredBudget& budget) {
  if (!(budget.keep > 0 && budget.keep <= 1)) {
    return invalid_usage("the share of " + std::string(to_string(budget.kind)) + " to keep is " +
                         share_text(budget.keep) + "; expected a share in (0, 1]");
  }
  if (kept.empty()) return invalid_usage("no layer is kept; a model needs at least one");
  if (importance.layers.size() != kept.size()) {
    return invalid_input("importance of " + std::to_string(importance.layers.size()) + " layers for " +
                         std::to_string(kept.size()));
  }
  for (const int64_t layer : kept) {
    if (config.layers[static_cast<size_t>(layer)].intermediate_size < budget.neuron_multiple) {
      return invalid_usage("layer " + std::to_string(layer) + " has fewer than " +
                           std::to_string(budget.neuron_multiple) + " neurons; it cannot become narrower");
    }
  }
  return {};
}

}  // namespace

std::vector<int64_t> all_layers(int64_t count) {
  std::vector<int64_t> layers(static_cast<size_t>(count));
  std::iota(layers.begin(), layers.end(), int64_t{0});
  return layers;
}

Result<StructuredPlan> plan_structured(const records::BertConfig& config, const std::vector<int64_t>& kept,
                                       const Importance& importance, const StructuredBudget& budget) {
  COPPICE_RETURN_IF_ERROR(check(config, kept, importance, budget));
  std::vector<Units> heads;
  std::vector<Units> neurons;
  for (const Importance::Layer& layer : importance.layers) {
    heads.emplace_back(layer.heads, 1, 1, budget.cost.heads);
    neurons.emplace_back(layer.neurons, budget.neuron_multiple, budget.neuron_multiple, budget.cost.neurons);
  }
  const double before = budget.cost.of(config.layers);
  const auto cost_now = [&] {
    double sum = budget.cost.fixed;
    for (size_t l = 0; l < heads.size(); ++l) sum += budget.cost.of_layer(heads[l].left(), neurons[l].left());
    return sum;
  };
  double cost = cost_now();
  // FLOPs reach 1e10 and are whole: a relative margin keeps "all of them" from failing by rounding.
  while (cost > budget.keep * before * (1 + 1e-12)) {
    Units* cheapest = nullptr;
    Units::Step step;
    for (std::vector<Units>* kind : {&heads, &neurons}) {
      for (Units& units : *kind) {
        const Units::Step candidate = units.best_step();
        if (candidate.lost_per_saved < step.lost_per_saved) {
          step = candidate;
          cheapest = &units;
        }
      }
    }
    if (cheapest == nullptr) {
      return invalid_usage("the budget of " + share_text(budget.keep) + " of the " +
                           std::string(to_string(budget.kind)) + " cannot be met with " + std::to_string(kept.size()) +
                           " layers: with one head and " + std::to_string(budget.neuron_multiple) +
                           " neurons in each, " + share_text(cost / before) +
                           " is left. Ask for that or more, or keep fewer layers.");
    }
    cheapest->go_to(step.left);
    cost = cost_now();
  }
  StructuredPlan plan;
  plan.budget = budget.kind;
  plan.keep = budget.keep;
  plan.tokens = budget.tokens;
  plan.cost_before = before;
  plan.cost_after = cost;
  records::BertConfig after = config;
  after.layers.clear();
  for (size_t l = 0; l < kept.size(); ++l) {
    plan.layers.push_back({kept[l], heads[l].kept(), neurons[l].kept()});
    after.layers.push_back({heads[l].left(), neurons[l].left()});
  }
  plan.flops_before = records::encoder_flops(config, budget.tokens);
  plan.flops_after = records::encoder_flops(after, budget.tokens);
  return plan;
}

}  // namespace coppice::prune
