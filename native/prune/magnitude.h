// Unstructured pruning by magnitude over the whole encoder (Han et al. 2015; "global magnitude" in Gordon et al. 2020).
#pragma once

#include "native/model/bert.h"
#include "native/prune/plan.h"
#include "shared/base/status.h"

namespace coppice::prune {

// Chooses the round(sparsity * weights) smallest weights of the encoder's six matrices per layer. Embeddings, biases,
// LayerNorm and the head stay. Of equal absolute values those that come first in the checkpoint's order go first.
// 0 <= sparsity < 1, else kInvalidUsage.
Result<MagnitudePlan> plan_magnitude(model::BertClassifier& model, double sparsity);

// Sets them to 0.
Status apply_magnitude(model::BertClassifier& model, const MagnitudePlan& plan);

}  // namespace coppice::prune
