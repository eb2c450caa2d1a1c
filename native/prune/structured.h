// Structured pruning: whole layers, attention heads and feed-forward neurons go, and the matrices really shrink.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "native/model/bert.h"
#include "native/model/tokenized_reviews.h"
#include "native/model/worker_pool.h"
#include "native/prune/plan.h"
#include "native/prune/structured_plan.h"
#include "shared/base/status.h"

namespace coppice::prune {

// How much the loss is expected to change when a unit is removed, to first order (Taylor; Michel et al. 2019 for heads,
// Molchanov et al. 2017 for neurons): mean over micro-batches of |<W, dL/dW>|, W the columns by which the unit enters
// the rest of the model (attention.output.dense for a head, output.dense for a neuron). One unit, the loss: heads and
// neurons can be weighed against each other.
Importance taylor_importance(model::BertClassifier& model, const model::TokenizedReviews& reviews,
                             model::WorkerPool& pool);

// The Euclidean norm of the same columns (Li et al. 2017): needs no reviews, and is the weaker guide.
Importance magnitude_importance(model::BertClassifier& model);

// Mean cross-entropy over the reviews, without dropout.
double mean_loss(model::BertClassifier& model, const model::TokenizedReviews& reviews, model::WorkerPool& pool);

// The model with only the layers `kept` (ascending), sharing its tensors with `model`.
model::BertClassifier with_layers(const model::BertClassifier& model, const std::vector<int64_t>& kept);

// Removes layers one by one, each time the one without which the loss on `reviews` is lowest, down to `layers_left`.
// Returns the layers that stay for each count from all of them to `layers_left`.
std::vector<std::vector<int64_t>> remove_layers(model::BertClassifier& model, int64_t layers_left,
                                                const model::TokenizedReviews& reviews, model::WorkerPool& pool);

// Rewrites the matrices smaller, removes the layers that the plan leaves out, and sets the widths.
void apply_structured(model::BertClassifier& model, const StructuredPlan& plan);

// Sets the heads and neurons that the plan removes to 0 instead: the same logits from a model of the old size, to check
// the other by. A plan that leaves out layers is refused (kInvalidUsage): zeros do not make a layer pass its input on.
Status mask_structured(model::BertClassifier& model, const StructuredPlan& plan);

}  // namespace coppice::prune
