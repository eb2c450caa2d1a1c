// Unstructured pruning without training: the encoder's matrices one after another, each fitted so that with its zeros
// it does what the dense one did (sparse_fit.h), on reviews that the pruned model itself feeds through the layers
// before. Minutes, where gradual pruning takes an epoch or more.
//
// What an error costs is taken from the dense model: with m the margin, the difference of its two logits,
//   token t of matrix k weighs  |dm / dy_kt|^2   y_kt: the product's output there
//   output i of matrix k costs  the mean over tokens of (dm / dy_kti)^2
// so that an error counts by what reaches the verdict: the factors of a Kronecker-factored Fisher information (Martens,
// Grosse 2015, arXiv 1503.05671), of the margin. By their product, weight w_ij is worth w_ij^2 x cost of i x mean of
// x_j^2, and the weights worth least in the whole encoder say how many zeros each matrix gets.
#pragma once

#include <functional>
#include <vector>

#include "native/model/bert.h"
#include "native/model/tokenized_reviews.h"
#include "native/model/worker_pool.h"
#include "native/prune/plan.h"
#include "native/prune/selection.h"
#include "shared/base/status.h"

namespace coppice::prune {

// After each layer: the squared error of the states that leave it over their squared size, on the calibration reviews.
using LayerProgress = std::function<void(int64_t layer, double relative_error)>;

class Reconstruction {
 public:
  // One forward and backward pass over the reviews; `dense` is copied. Needs 8 bytes x hidden_size for each token
  // later on. Error (kInvalidUsage): no reviews.
  static Result<Reconstruction> create(const model::BertClassifier& dense, const model::TokenizedReviews& reviews,
                                       model::WorkerPool& pool);

  // Scope::kGlobal: zeros where they cost least, within bounds that leave every matrix some (a share s gives each
  // matrix between 3/4 s and 1 - (1 - s) / 3); Scope::kMatrix: the same share of each.
  [[nodiscard]] Result<UnstructuredPlan> plan(const SelectionOptions& options) const;

  // The pruned model. The plan must have the counts of this model's matrices.
  Result<model::BertClassifier> apply(const UnstructuredPlan& plan, const LayerProgress& on_layer) const;

 private:
  struct Product {
    at::Tensor input_square;               // (in): mean over tokens
    at::Tensor output_cost;                // (out): mean over tokens
    std::vector<at::Tensor> token_weight;  // of each micro-batch, (rows)
  };
  class Run;
  Reconstruction(const model::BertClassifier& dense, model::WorkerPool& pool) : dense_(dense), pool_(&pool) {}

  model::BertClassifier dense_;
  model::WorkerPool* pool_;  // outlives this
  std::vector<model::PackedBatch> batches_;
  std::vector<Product> products_;  // in the order of encoder_matrices_of
};

}  // namespace coppice::prune
