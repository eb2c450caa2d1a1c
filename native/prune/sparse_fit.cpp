#include "native/prune/sparse_fit.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

namespace coppice::prune {
namespace {

// Added to the diagonal of the inputs' correlation matrix, where 1 is an input's own variance: keeps the weights of
// inputs that move together from growing against each other beyond what so many tokens can tell.
constexpr double kRidge = 0.02;
// ADMM's penalty, on the same scale, and its rounds; the share of zeros rises in the first part of them.
constexpr double kPenalty = 1.0;
constexpr int kRounds = 30;
constexpr double kRisingPart = 0.6;

// The problem with every input divided by its standard deviation.
struct Scaled {
  at::Tensor correlation;  // (I, I), with the ridge
  at::Tensor target;       // (out, I): covariance of the dense output with the inputs, with the ridge's pull to W
  at::Tensor weight;       // (out, I): W in these units
  at::Tensor deviation;    // (I)
};

Scaled scale(const InputMoments& moments, const at::Tensor& weight) {
  const at::Tensor covariance = moments.covariance();
  const at::Tensor variance = covariance.diagonal();
  // An input that hardly moves is as good as constant: its part is in the bias.
  const double least = std::max(variance.mean().item<double>() * 1e-6, 1e-12);
  const at::Tensor deviation = variance.clamp_min(least).sqrt();
  at::Tensor correlation = covariance / deviation.unsqueeze(1) / deviation.unsqueeze(0);
  correlation.diagonal().add_(kRidge);
  const at::Tensor scaled_weight = weight * deviation;
  const at::Tensor target = weight.matmul(moments.dense_covariance()) / deviation + kRidge * scaled_weight;
  return {correlation, target, scaled_weight, deviation};
}

// 1 where a weight stays.
Result<at::Tensor> choose(const at::Tensor& weights, const at::Tensor& row_scale, const SelectionOptions& selection) {
  const at::Tensor values = weights.contiguous();
  const at::Tensor scores = (values * row_scale).abs().contiguous();
  const auto count = static_cast<size_t>(values.numel());
  const ScoredMatrix matrix{"the matrix",
                            values.size(0),
                            values.size(1),
                            {values.data_ptr<float>(), count},
                            {scores.data_ptr<float>(), count}};
  COPPICE_ASSIGN_OR_RETURN(const Selection chosen, select_weights({&matrix, 1}, selection));
  return at::from_blob(const_cast<uint8_t*>(chosen.keep[0].data()), values.sizes(), at::kByte)  // copied at once
      .to(at::kFloat);
}

Result<at::Tensor> find_mask(const Scaled& problem, const at::Tensor& row_scale, const SelectionOptions& selection) {
  at::Tensor system = problem.correlation.clone();
  system.diagonal().add_(kPenalty);
  const at::Tensor factor = at::linalg_cholesky(system);
  at::Tensor weights = problem.weight;
  at::Tensor dual = at::zeros_like(weights);
  at::Tensor mask;
  const double rounds = kRounds * kRisingPart;
  for (int round = 0; round < kRounds; ++round) {
    const at::Tensor wish = weights + dual;
    if (round < rounds) {
      SelectionOptions now = selection;
      // N:M has one share only.
      const double left = 1 - (round + 1) / rounds;
      if (!selection.pattern.is_n_of_m()) now.sparsity *= 1 - std::max(left, 0.0) * left * left;
      COPPICE_ASSIGN_OR_RETURN(mask, choose(wish, row_scale, now));
    }
    const at::Tensor pruned = wish * mask;
    dual = wish - pruned;
    weights = at::cholesky_solve((problem.target + kPenalty * (pruned - dual)).t(), factor).t();
  }
  return mask;
}

// Of each row, the weights that stay: a system of their own.
at::Tensor solve_rows(const Scaled& problem, const at::Tensor& mask) {
  at::Tensor solution = at::zeros_like(problem.target);
  for (int64_t row = 0; row < mask.size(0); ++row) {
    const at::Tensor stays = mask.select(0, row).nonzero().flatten();
    if (stays.numel() == 0) continue;
    const at::Tensor system = problem.correlation.index_select(0, stays).index_select(1, stays);
    const at::Tensor right = problem.target.select(0, row).index_select(0, stays).unsqueeze(1);
    const at::Tensor found = at::cholesky_solve(right, at::linalg_cholesky(system)).squeeze(1);
    solution.select(0, row).index_copy_(0, stays, found);
  }
  return solution;
}

}  // namespace

void InputMoments::add(const at::Tensor& x, const at::Tensor& x_dense, const at::Tensor& token_weight) {
  InputMoments batch;
  batch.weight_ = token_weight.sum(at::kDouble).item<double>();
  if (!(batch.weight_ > 0)) return;
  const at::Tensor share = (token_weight / batch.weight_).unsqueeze(0);
  batch.mean_ = share.matmul(x).squeeze(0);
  batch.dense_mean_ = share.matmul(x_dense).squeeze(0);
  const at::Tensor centred = x - batch.mean_;
  const at::Tensor weighted = centred * token_weight.unsqueeze(1);
  batch.products_ = weighted.t().matmul(centred);
  batch.dense_products_ = (x_dense - batch.dense_mean_).t().matmul(weighted);
  merge(batch);
}

void InputMoments::merge(const InputMoments& other) {
  if (other.weight_ == 0) return;
  if (weight_ == 0) {
    *this = other;
    return;
  }
  const double both = weight_ + other.weight_;
  const at::Tensor apart = other.mean_ - mean_;
  const at::Tensor dense_apart = other.dense_mean_ - dense_mean_;
  const double spread = weight_ * (other.weight_ / both);
  products_ = products_ + other.products_ + at::outer(apart, apart) * spread;
  dense_products_ = dense_products_ + other.dense_products_ + at::outer(dense_apart, apart) * spread;
  mean_ = mean_ + apart * (other.weight_ / both);
  dense_mean_ = dense_mean_ + dense_apart * (other.weight_ / both);
  weight_ = both;
}

at::Tensor InputMoments::covariance() const { return (products_ + products_.t()) * (0.5 / weight_); }

at::Tensor InputMoments::dense_covariance() const { return dense_products_ / weight_; }

Result<SparseFit> fit_sparse(const InputMoments& moments, const at::Tensor& weight, const at::Tensor& bias,
                             const at::Tensor& row_importance, const SelectionOptions& selection) {
  const at::NoGradGuard no_grad;
  if (moments.weight() == 0) return failed("no token of the calibration reviews reaches this matrix");
  const Scaled problem = scale(moments, weight);
  if (!problem.correlation.isfinite().all().item<bool>() || !problem.target.isfinite().all().item<bool>()) {
    return failed("what goes into this matrix is not a number on some calibration review; the model has diverged");
  }
  // As a squared error counts by its importance, a weight counts by the root. Of rows that cost nothing the smaller
  // weights go first still.
  const at::Tensor root = row_importance.sqrt();
  const double usual = root.mean().item<double>();
  const at::Tensor row_scale = usual > 0 ? root.clamp_min(usual * 1e-3).unsqueeze(1) : at::ones({root.size(0), 1});
  COPPICE_ASSIGN_OR_RETURN(const at::Tensor mask, find_mask(problem, row_scale, selection));
  SparseFit fit;
  fit.weight = (solve_rows(problem, mask) / problem.deviation).contiguous();
  fit.bias = bias + weight.mv(moments.dense_mean()) - fit.weight.mv(moments.mean());
  return fit;
}

}  // namespace coppice::prune
