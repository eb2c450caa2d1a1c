#include "native/prune/reconstruction.h"

#include <torch/torch.h>

#include <cmath>

#include "native/prune/unstructured.h"
#include "tests/unit/model/tiny_bert.h"

namespace coppice::prune {
namespace {

using namespace testing_support;  // NOLINT: names of the test fixtures
using model::BertClassifier;

constexpr int64_t kEncoderWeights = 2 * (4 * 8 * 8 + 2 * 8 * 16);

SelectionOptions global(double sparsity) { return {sparsity, Scope::kGlobal, {}}; }

struct Pruned {
  UnstructuredPlan plan;
  BertClassifier model;
};

Pruned reconstruct(const SelectionOptions& options, int threads = 2) {
  model::WorkerPool pool(threads);
  Pruned pruned{{}, load_tiny_bert()};
  const Result<Reconstruction> reconstruction = Reconstruction::create(pruned.model, made_up_reviews(300, 5), pool);
  EXPECT_TRUE(reconstruction.ok()) << reconstruction.status().message();
  Result<UnstructuredPlan> plan = reconstruction->plan(options);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  Result<BertClassifier> model = reconstruction->apply(*plan, {});
  EXPECT_TRUE(model.ok()) << model.status().message();
  return {std::move(*plan), std::move(*model)};
}

at::Tensor logits_of(BertClassifier model) {
  const at::NoGradGuard no_grad;
  return model.forward(pack_all(made_up_reviews(100, 77)));
}

TEST(Reconstruction, HasTheZerosOfItsPlanAndTouchesNothingElse) {
  BertClassifier dense = load_tiny_bert();
  for (const double sparsity : {0.3, 0.5, 0.8}) {
    Pruned pruned = reconstruct(global(sparsity));
    EXPECT_EQ(pruned.plan.weights, kEncoderWeights);
    EXPECT_EQ(pruned.plan.zeros, std::llround(sparsity * kEncoderWeights)) << sparsity;
    const NamedMatrices matrices = encoder_matrices_of(pruned.model);
    for (size_t m = 0; m < matrices.size(); ++m) {
      EXPECT_EQ(matrices[m].second.eq(0).sum().item<int64_t>(), pruned.plan.matrices[m].zeros) << matrices[m].first;
      const auto weights = static_cast<double>(pruned.plan.matrices[m].weights);
      EXPECT_GE(pruned.plan.matrices[m].zeros, std::llround(weights * 0.75 * sparsity));
      EXPECT_LE(pruned.plan.matrices[m].zeros, std::llround(weights * (1 - (1 - sparsity) / 3)));
    }
    std::vector<at::Tensor> before;
    dense.visit([&](const std::string&, at::Tensor& tensor, const auto&) { before.push_back(tensor); });
    size_t i = 0;
    pruned.model.visit([&](const std::string& name, at::Tensor& tensor, const auto&) {
      const bool of_product = name.find(".layer.") != std::string::npos && name.find("LayerNorm") == std::string::npos;
      EXPECT_TRUE(of_product || tensor.equal(before[i])) << name;
      ++i;
    });
  }
}

TEST(Reconstruction, AnswersMoreLikeTheDenseModelThanMagnitudeDoes) {
  const at::Tensor dense = logits_of(load_tiny_bert());
  for (const double sparsity : {0.3, 0.5, 0.7}) {
    BertClassifier cut = load_tiny_bert();
    const std::vector<at::Tensor> scores = magnitude_scores(cut);
    ASSERT_TRUE(
        apply_unstructured(cut, scores, *plan_unstructured(cut, scores, Score::kMagnitude, global(sparsity))).ok());
    const double by_magnitude = (logits_of(cut) - dense).square().mean().item<double>();
    const double fitted = (logits_of(reconstruct(global(sparsity)).model) - dense).square().mean().item<double>();
    EXPECT_LT(fitted, 0.5 * by_magnitude) << sparsity;
  }
}

TEST(Reconstruction, WithoutZerosIsTheDenseModel) {
  const at::Tensor dense = logits_of(load_tiny_bert());
  EXPECT_TRUE(at::allclose(logits_of(reconstruct(global(0)).model), dense, 1e-3, 2e-3));
}

TEST(Reconstruction, IsTheSameOnAnyNumberOfThreads) {
  Pruned one = reconstruct(global(0.6), 1);
  Pruned three = reconstruct(global(0.6), 3);
  std::vector<at::Tensor> tensors;
  one.model.visit([&](const std::string&, at::Tensor& tensor, const auto&) { tensors.push_back(tensor); });
  size_t i = 0;
  three.model.visit([&](const std::string& name, at::Tensor& tensor, const auto&) {
    EXPECT_TRUE(tensor.equal(tensors[i++])) << name;
  });
}

TEST(Reconstruction, ScopeAndPatternAreObeyed) {
  const Pruned same_share = reconstruct({0.5, Scope::kMatrix, {}});
  for (const UnstructuredPlan::Matrix& matrix : same_share.plan.matrices) EXPECT_EQ(matrix.zeros * 2, matrix.weights);
  Pruned blocks = reconstruct({0.6, Scope::kGlobal, *parse_pattern("1x4")});
  for (const auto& [name, tensor] : encoder_matrices_of(blocks.model)) {
    const at::Tensor kept = tensor.view({-1, 4}).ne(0).sum(1);
    EXPECT_TRUE(kept.eq(0).logical_or(kept.eq(4)).all().item<bool>()) << name;
  }
  EXPECT_NEAR(static_cast<double>(blocks.plan.zeros), 0.6 * kEncoderWeights, 4);
  Pruned groups = reconstruct({0.5, Scope::kGlobal, *parse_pattern("2:4")});
  for (const auto& [name, tensor] : encoder_matrices_of(groups.model)) {
    EXPECT_TRUE(tensor.view({-1, 4}).ne(0).sum(1).eq(2).all().item<bool>()) << name;
  }
}

TEST(Reconstruction, LeavesTheGivenModelAlone) {
  model::WorkerPool pool(1);
  BertClassifier model = load_tiny_bert();
  const at::Tensor before = logits_of(model);
  const Result<Reconstruction> reconstruction = Reconstruction::create(model, made_up_reviews(20, 5), pool);
  ASSERT_TRUE(reconstruction.ok());
  ASSERT_TRUE(reconstruction->apply(*reconstruction->plan(global(0.8)), {}).ok());
  EXPECT_TRUE(logits_of(model).equal(before));
  for (const auto& [name, tensor] : encoder_matrices_of(model)) EXPECT_FALSE(tensor.requires_grad()) << name;
}

TEST(Reconstruction, RefusesNoReviewsAndThePlanOfAnotherModel) {
  model::WorkerPool pool(1);
  const BertClassifier model = load_tiny_bert();
  EXPECT_EQ(Reconstruction::create(model, {}, pool).status().code(), StatusCode::kInvalidUsage);
  const Result<Reconstruction> reconstruction = Reconstruction::create(model, made_up_reviews(20, 5), pool);
  ASSERT_TRUE(reconstruction.ok());
  UnstructuredPlan plan = *reconstruction->plan(global(0.5));
  plan.matrices.pop_back();
  EXPECT_EQ(reconstruction->apply(plan, {}).status().code(), StatusCode::kInvalidInput);
  EXPECT_EQ(reconstruction->plan(global(1.5)).status().code(), StatusCode::kInvalidUsage);
}

}  // namespace
}  // namespace coppice::prune
