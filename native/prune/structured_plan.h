// Which heads and neurons go under a budget: the part of structured pruning that needs no model, only scores and costs.
#pragma once

#include <cstdint>
#include <vector>

#include "native/prune/cost.h"
#include "native/prune/plan.h"
#include "shared/base/status.h"
#include "shared/records/bert_config.h"

namespace coppice::prune {

// How much is lost when a unit is removed (structured.h says by which measure). One unit for all of a model, so that
// heads and neurons can be weighed against each other.
struct Importance {
  struct Layer {
    std::vector<double> heads;
    std::vector<double> neurons;
  };
  std::vector<Layer> layers;
};

struct StructuredBudget {
  BudgetKind kind = BudgetKind::kFlops;
  double keep = 0.5;             // share of the full model's cost
  int64_t tokens = 256;          // FLOPs and latency are of one review of this length
  int64_t neuron_multiple = 16;  // neurons go in such groups: widths that an engine's vectors like
  CostModel cost;                // of `kind`
};

// Removes units in ascending order of importance lost per cost saved until the budget is met; of one layer's heads or
// neurons always the least important. Each layer keeps at least one head and `neuron_multiple` neurons.
//   config      the whole model
//   kept        its layers that stay, ascending; the others go as a whole
//   importance  one entry for each of `kept`
// A budget that cannot be met is refused with the smallest share that can (kInvalidUsage).
Result<StructuredPlan> plan_structured(const records::BertConfig& config, const std::vector<int64_t>& kept,
                                       const Importance& importance, const StructuredBudget& budget);

// 0, 1, ... count - 1.
std::vector<int64_t> all_layers(int64_t count);

}  // namespace coppice::prune
