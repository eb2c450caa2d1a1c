// Unstructured pruning of the encoder's six matrices per layer: single weights, blocks or N:M groups become 0 and the
// matrices keep their size. Embeddings, biases, LayerNorm and the head stay.
//
// Scores of a weight w with gradient g of a review's loss:
//   magnitude  |w|                                  (Han et al. 2015; Gordon et al. 2020)
//   movement   -sum over reviews of w g             (first order: positive where training drives w away from 0;
//                                                    Sanh, Wolf, Rush 2020, arXiv 2005.07683, equation 4)
//   fisher     w^2 / 2 x mean over reviews of g^2   (second order: the rise of the loss by a diagonal empirical Fisher;
//                                                    LeCun et al. 1990; Kurtic et al. 2022, arXiv 2203.07259)
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "native/model/bert.h"
#include "native/model/tokenized_reviews.h"
#include "native/model/worker_pool.h"
#include "native/prune/plan.h"
#include "native/prune/selection.h"
#include "shared/base/status.h"

namespace coppice::prune {

// The encoder's matrices in the order of the checkpoint: name and tensor (out, in).
using NamedMatrices = std::vector<std::pair<std::string, at::Tensor>>;
NamedMatrices encoder_matrices_of(model::BertClassifier& model);

// Scores in the order of encoder_matrices_of, float32, each of its matrix's shape.
std::vector<at::Tensor> magnitude_scores(model::BertClassifier& model);
// kMovement or kFisher: one backward pass per review, without dropout, each review's gradient alone.
std::vector<at::Tensor> gradient_scores(model::BertClassifier& model, Score score,
                                        const model::TokenizedReviews& reviews, model::WorkerPool& pool);

// For select_weights: views into the tensors, which must outlive them and be contiguous float32.
std::vector<ScoredMatrix> scored_matrices(const NamedMatrices& matrices, const std::vector<at::Tensor>& scores);

Result<UnstructuredPlan> plan_unstructured(model::BertClassifier& model, const std::vector<at::Tensor>& scores,
                                           Score score, const SelectionOptions& options);

// Sets the weights to 0 that the same scores choose. A plan whose counts do not come out is refused and the model left
// as it was: the scores are not those of the plan.
Status apply_unstructured(model::BertClassifier& model, const std::vector<at::Tensor>& scores,
                          const UnstructuredPlan& plan);

}  // namespace coppice::prune
