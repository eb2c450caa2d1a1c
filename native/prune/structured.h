// Structured pruning: whole attention heads and feed-forward neurons go, and the matrices really shrink.
#pragma once

#include <cstdint>
#include <vector>

#include "native/model/bert.h"
#include "native/model/tokenized_reviews.h"
#include "native/model/worker_pool.h"
#include "native/prune/plan.h"
#include "shared/base/status.h"

namespace coppice::prune {

// How much the loss is expected to change when a unit is removed, to first order (Taylor; Michel et al. 2019 for heads,
// Molchanov et al. 2017 for neurons): mean over micro-batches of |<W, dL/dW>|, W the columns by which the unit enters
// the rest of the model (attention.output.dense for a head, output.dense for a neuron). One unit, the loss: heads and
// neurons can be weighed against each other.
struct Importance {
  struct Layer {
    std::vector<double> heads;
    std::vector<double> neurons;
  };
  std::vector<Layer> layers;
};
Importance taylor_importance(model::BertClassifier& model, const model::TokenizedReviews& reviews,
                             model::WorkerPool& pool);

struct StructuredBudget {
  double keep_flops = 0.5;       // share of the encoder's FLOPs
  int64_t tokens = 256;          // at this review length
  int64_t neuron_multiple = 16;  // widths an engine's vectors like
};

// Removes units in ascending order of importance per FLOP until the budget is met. Each layer keeps at least one head
// and `neuron_multiple` neurons. A budget that cannot be met is refused with the smallest share that can.
Result<StructuredPlan> plan_structured(const records::BertConfig& config, const Importance& importance,
                                       const StructuredBudget& budget);

// Rewrites the matrices smaller and sets the model's layer widths.
void apply_structured(model::BertClassifier& model, const StructuredPlan& plan);

// Sets what the plan removes to 0 instead: the same logits from a model of the old size, to check the other by.
void mask_structured(model::BertClassifier& model, const StructuredPlan& plan);

}  // namespace coppice::prune
