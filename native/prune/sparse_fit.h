// One matrix with few weights left that does the work of the dense one: which weights stay, and what they become.
//
// A dense layer gives y = W x + b. Of a matrix V with a given number of zeros and a bias c it is asked that, over the
// tokens t of calibration reviews, with x' what the pruned model feeds the layer and w_t a token's weight,
//
//   sum over t of w_t |V x'_t + c - (W x_t + b)|^2
//
// is least: Optimal Brain Surgeon's goal for one layer (Hassibi, Stork 1993; Frantar, Alistarh 2022, arXiv 2208.11580).
// Only moments of x and x' are needed (InputMoments). Which weights go is found by the alternating direction method of
// multipliers with a share of zeros that rises by a cubic schedule (after Boza 2024, arXiv 2401.02938); the weights
// that stay are then the exact least squares solution, row by row.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "native/prune/selection.h"
#include "shared/base/status.h"

namespace coppice::prune {

// Weighted moments of what goes into a product, over tokens: x (I) in the pruned model, x_dense (I) in the dense one.
class InputMoments {
 public:
  // x, x_dense (rows, I), token_weight (rows), none negative, float32.
  void add(const at::Tensor& x, const at::Tensor& x_dense, const at::Tensor& token_weight);
  // The pairs of two sets together (Chan, Golub, LeVeque 1983). Sums do not commute to the last bit: keep an order.
  void merge(const InputMoments& other);

  [[nodiscard]] double weight() const { return weight_; }
  [[nodiscard]] const at::Tensor& mean() const { return mean_; }              // of x
  [[nodiscard]] const at::Tensor& dense_mean() const { return dense_mean_; }  // of x_dense
  [[nodiscard]] at::Tensor covariance() const;                                // (I, I): of x with itself
  [[nodiscard]] at::Tensor dense_covariance() const;  // (I, I): of x_dense (rows) with x (columns)

 private:
  double weight_ = 0;
  at::Tensor mean_, dense_mean_;
  at::Tensor products_, dense_products_;  // centred, summed
};

struct SparseFit {
  at::Tensor weight;  // (out, in), with the zeros
  at::Tensor bias;    // (out)
};

// `row_importance` (out): what a squared error of each output costs; it decides only where zeros go. `selection` asks
// for a share of this one matrix and may have a pattern. Errors as select_weights has, and kFailed where the moments
// are not numbers.
Result<SparseFit> fit_sparse(const InputMoments& moments, const at::Tensor& weight, const at::Tensor& bias,
                             const at::Tensor& row_importance, const SelectionOptions& selection);

}  // namespace coppice::prune
