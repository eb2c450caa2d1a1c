#include "native/prune/sparse_fit.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <limits>

namespace coppice::prune {
namespace {

constexpr int64_t kTokens = 400;

at::Tensor random(at::IntArrayRef shape, uint64_t seed) {
  return at::randn(shape, at::detail::createCPUGenerator(seed));
}

// Inputs that move together, as those of a trained layer do, about a mean that is not 0.
at::Tensor correlated_inputs(int64_t width) {
  return random({kTokens, width / 2}, 1).matmul(random({width / 2, width}, 2)) + 0.3 * random({kTokens, width}, 3) +
         2.0;
}

InputMoments moments_of(const at::Tensor& x, const at::Tensor& x_dense) {
  InputMoments moments;
  moments.add(x, x_dense, at::ones({x.size(0)}));
  return moments;
}

SparseFit fit(const InputMoments& moments, const at::Tensor& weight, const SelectionOptions& selection) {
  const int64_t rows = weight.size(0);
  Result<SparseFit> result = fit_sparse(moments, weight, at::zeros({rows}), at::ones({rows}), selection);
  EXPECT_TRUE(result.ok()) << result.status().message();
  return result.ok() ? *result : SparseFit{at::zeros_like(weight), at::zeros({rows})};
}

SelectionOptions share(double sparsity, const char* pattern = "none") {
  return {sparsity, Scope::kMatrix, *parse_pattern(pattern)};
}

double squared_error(const at::Tensor& x, const SparseFit& sparse, const at::Tensor& x_dense, const at::Tensor& dense) {
  return (x.matmul(sparse.weight.t()) + sparse.bias - x_dense.matmul(dense.t())).square().mean().item<double>();
}

at::Tensor smallest_gone(const at::Tensor& weight, double sparsity) {
  const auto gone = static_cast<int64_t>(sparsity * static_cast<double>(weight.numel()));
  const at::Tensor least = std::get<0>(weight.abs().flatten().kthvalue(gone));
  return weight * weight.abs().gt(least);
}

TEST(SparseFit, WhatTellsTheSameTakesOverFromWhatGoes) {
  const at::Tensor one = random({kTokens, 1}, 5);
  const at::Tensor x = at::cat({one, one, random({kTokens, 2}, 6)}, 1);
  const at::Tensor weight = at::tensor({1.0F, 1.1F, 0.001F, 3.0F}).view({1, 4});
  const SparseFit sparse = fit(moments_of(x, x), weight, share(0.5));
  EXPECT_EQ(sparse.weight.ne(0).sum().item<int64_t>(), 2);
  EXPECT_NEAR(sparse.weight[0][0].item<float>() + sparse.weight[0][1].item<float>(), 2.1, 0.05);
  EXPECT_NEAR(sparse.weight[0][3].item<float>(), 3.0, 0.05);
}

TEST(SparseFit, ErrsFarLessThanTheSmallestWeightsGone) {
  const at::Tensor x = correlated_inputs(32);
  const at::Tensor weight = random({16, 32}, 7);
  for (const double sparsity : {0.25, 0.5, 0.75}) {
    const SparseFit sparse = fit(moments_of(x, x), weight, share(sparsity));
    EXPECT_EQ(sparse.weight.eq(0).sum().item<int64_t>(), static_cast<int64_t>(sparsity * 512));
    const SparseFit cut = {smallest_gone(weight, sparsity), at::zeros({16})};
    EXPECT_LT(squared_error(x, sparse, x, weight), 0.2 * squared_error(x, cut, x, weight)) << sparsity;
  }
}

TEST(SparseFit, BringsBackWhatEarlierLayersGotWrong) {
  const at::Tensor x_dense = correlated_inputs(32);
  const at::Tensor x = x_dense * 0.8 + 0.5 + 0.1 * random({kTokens, 32}, 8);
  const at::Tensor weight = random({16, 32}, 9);
  const SparseFit knowing = fit(moments_of(x, x_dense), weight, share(0.5));
  const SparseFit unknowing = fit(moments_of(x_dense, x_dense), weight, share(0.5));
  EXPECT_LT(squared_error(x, knowing, x_dense, weight), 0.3 * squared_error(x, unknowing, x_dense, weight));
}

TEST(SparseFit, TheMeanOutputIsTheDenseOne) {
  const at::Tensor x = correlated_inputs(16);
  const at::Tensor weight = random({4, 16}, 10);
  const SparseFit sparse = fit(moments_of(x, x), weight, share(0.75));
  const at::Tensor mean = (x.matmul(sparse.weight.t()) + sparse.bias).mean(0);
  EXPECT_TRUE(at::allclose(mean, x.matmul(weight.t()).mean(0), 1e-4, 1e-3));
}

TEST(SparseFit, HeavierTokensAreServedFirst) {
  const at::Tensor x = correlated_inputs(32);
  const at::Tensor weight = random({8, 32}, 11);
  at::Tensor token_weight = at::full({kTokens}, 0.01);
  token_weight.slice(0, 0, 20).fill_(1.0);
  InputMoments weighted;
  weighted.add(x, x, token_weight);
  const at::Tensor heavy = x.slice(0, 0, 20);
  EXPECT_LT(squared_error(heavy, fit(weighted, weight, share(0.7)), heavy, weight),
            squared_error(heavy, fit(moments_of(x, x), weight, share(0.7)), heavy, weight));
}

TEST(SparseFit, CostlyRowsKeepMoreWeights) {
  const at::Tensor x = correlated_inputs(32);
  const at::Tensor weight = random({8, 32}, 12);
  at::Tensor cost = at::ones({8});
  cost[3] = 25.0;
  const Result<SparseFit> sparse = fit_sparse(moments_of(x, x), weight, at::zeros({8}), cost, share(0.6));
  ASSERT_TRUE(sparse.ok());
  const at::Tensor kept = sparse->weight.ne(0).sum(1);
  EXPECT_EQ(kept.argmax().item<int64_t>(), 3);
}

TEST(SparseFit, PatternsHold) {
  const at::Tensor x = correlated_inputs(32);
  const at::Tensor weight = random({8, 32}, 13);
  const SparseFit two_of_four = fit(moments_of(x, x), weight, share(0.5, "2:4"));
  EXPECT_TRUE(two_of_four.weight.view({-1, 4}).ne(0).sum(1).eq(2).all().item<bool>());
  const SparseFit blocks = fit(moments_of(x, x), weight, share(0.75, "1x4"));
  const at::Tensor in_block = blocks.weight.view({-1, 4}).ne(0).sum(1);
  EXPECT_TRUE(in_block.eq(0).logical_or(in_block.eq(4)).all().item<bool>());
  EXPECT_EQ(in_block.eq(0).sum().item<int64_t>(), 48);
}

TEST(SparseFit, InputsThatNeverMoveAreHarmless) {
  at::Tensor x = correlated_inputs(16);
  x.select(1, 4).fill_(7.0);
  x.select(1, 5).zero_();
  const at::Tensor weight = random({4, 16}, 14);
  const SparseFit sparse = fit(moments_of(x, x), weight, share(0.5));
  EXPECT_TRUE(sparse.weight.isfinite().all().item<bool>());
  EXPECT_LT(squared_error(x, sparse, x, weight),
            squared_error(x, {smallest_gone(weight, 0.5), at::zeros({4})}, x, weight));
}

TEST(SparseFit, WhatIsNoNumberIsRefused) {
  at::Tensor x = correlated_inputs(16);
  x[5][2] = std::numeric_limits<float>::infinity();
  const Result<SparseFit> sparse =
      fit_sparse(moments_of(x, x), random({4, 16}, 15), at::zeros({4}), at::ones({4}), share(0.5));
  EXPECT_EQ(sparse.status().code(), StatusCode::kFailed);
  EXPECT_EQ(fit_sparse(InputMoments(), random({4, 16}, 15), at::zeros({4}), at::ones({4}), share(0.5)).status().code(),
            StatusCode::kFailed);
}

TEST(InputMoments, OfPartsAreThoseOfTheWhole) {
  const at::Tensor x = correlated_inputs(8);
  const at::Tensor x_dense = random({kTokens, 8}, 16);
  const at::Tensor token_weight = at::rand({kTokens}, at::detail::createCPUGenerator(17));
  InputMoments whole;
  whole.add(x, x_dense, token_weight);
  InputMoments parts;
  for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{0, 1}, {1, 150}, {150, 400}}) {
    InputMoments part;
    part.add(x.slice(0, begin, end), x_dense.slice(0, begin, end), token_weight.slice(0, begin, end));
    parts.merge(part);
  }
  EXPECT_TRUE(at::allclose(parts.covariance(), whole.covariance(), 1e-4, 1e-4));
  EXPECT_TRUE(at::allclose(parts.dense_covariance(), whole.dense_covariance(), 1e-4, 1e-4));
  EXPECT_TRUE(at::allclose(parts.mean(), whole.mean(), 1e-5, 1e-5));
  const at::Tensor share_of = token_weight / token_weight.sum();
  const at::Tensor mean = share_of.unsqueeze(0).matmul(x);
  const at::Tensor expected = (x - mean).t().matmul((x - mean) * share_of.unsqueeze(1));
  EXPECT_TRUE(at::allclose(whole.covariance(), expected, 1e-4, 1e-4));
}

}  // namespace
}  // namespace coppice::prune
