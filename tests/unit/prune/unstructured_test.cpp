#include "native/prune/unstructured.h"

#include <torch/torch.h>

#include <cmath>

#include "tests/unit/model/tiny_bert.h"

namespace coppice::prune {
namespace {

using namespace testing_support;  // NOLINT: names of the test fixtures
using model::BertClassifier;

int64_t encoder_zeros(BertClassifier& model) {
  int64_t zeros = 0;
  for (const auto& [name, tensor] : encoder_matrices_of(model)) zeros += tensor.eq(0).sum().item<int64_t>();
  return zeros;
}

TEST(Unstructured, PrunesExactlyTheShareAskedForAndOnlyTheSmallest) {
  for (const double sparsity : {0.0, 0.1, 0.5, 0.8, 0.999}) {
    BertClassifier model = load_tiny_bert();
    const std::vector<at::Tensor> scores = magnitude_scores(model);
    const Result<UnstructuredPlan> plan = plan_unstructured(model, scores, Score::kMagnitude, {sparsity, {}, {}});
    ASSERT_TRUE(plan.ok());
    ASSERT_EQ(plan->weights, 2 * (4 * 8 * 8 + 2 * 8 * 16));
    ASSERT_TRUE(apply_unstructured(model, scores, *plan).ok());
    EXPECT_EQ(encoder_zeros(model), std::llround(sparsity * static_cast<double>(plan->weights))) << sparsity;
    double largest_gone = 0;
    double smallest_kept = 1e9;
    const NamedMatrices matrices = encoder_matrices_of(model);
    for (size_t m = 0; m < matrices.size(); ++m) {
      const at::Tensor gone = matrices[m].second.eq(0);
      if (gone.any().item<bool>()) {
        largest_gone = std::max(largest_gone, scores[m].masked_select(gone).max().item<double>());
      }
      if (!gone.all().item<bool>()) {
        smallest_kept = std::min(smallest_kept, scores[m].masked_select(gone.logical_not()).min().item<double>());
      }
    }
    EXPECT_LE(largest_gone, smallest_kept);
  }
}

TEST(Unstructured, APlanWhoseCountsDoNotComeOutLeavesTheModelAlone) {
  BertClassifier model = load_tiny_bert();
  const std::vector<at::Tensor> scores = magnitude_scores(model);
  const Result<UnstructuredPlan> plan = plan_unstructured(model, scores, Score::kMagnitude, {0.5, {}, {}});
  ASSERT_TRUE(plan.ok());
  std::vector<at::Tensor> other = scores;
  other[3] = at::ones_like(other[3]);  // one matrix scored so high that all of it would stay
  EXPECT_EQ(apply_unstructured(model, other, *plan).code(), StatusCode::kInvalidInput);
  EXPECT_EQ(encoder_zeros(model), 0);
}

TEST(Unstructured, NOfMHoldsInEveryRow) {
  BertClassifier model = load_tiny_bert();
  const std::vector<at::Tensor> scores = magnitude_scores(model);
  const Result<UnstructuredPlan> plan =
      plan_unstructured(model, scores, Score::kMagnitude, {0.5, Scope::kGlobal, *parse_pattern("2:4")});
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  ASSERT_TRUE(apply_unstructured(model, scores, *plan).ok());
  for (const auto& [name, tensor] : encoder_matrices_of(model)) {
    EXPECT_TRUE(tensor.view({-1, 4}).ne(0).sum(1).eq(2).all().item<bool>()) << name;
  }
}

// The derivative of a review's loss by one weight, by central differences.
double derivative(const model::TokenizedReviews& reviews, uint32_t review, size_t matrix, int64_t row, int64_t column) {
  const auto loss_with = [&](double change) {
    BertClassifier model = load_tiny_bert();
    const at::NoGradGuard no_grad;
    encoder_matrices_of(model)[matrix].second[row][column] += change;
    const at::Tensor label = at::tensor(std::vector<int64_t>{reviews.labels[review]}, at::kLong);
    const std::vector<uint32_t> one = {review};
    return at::cross_entropy_loss(model.forward(model::pack_reviews(reviews, one)), label).item<double>();
  };
  return (loss_with(0.01) - loss_with(-0.01)) / 0.02;
}

TEST(GradientScores, AreThoseOfTheirFormulas) {
  const model::TokenizedReviews reviews = made_up_reviews(3, 11);
  BertClassifier model = load_tiny_bert();
  model::WorkerPool pool(2);
  const std::vector<at::Tensor> movement = gradient_scores(model, Score::kMovement, reviews, pool);
  const std::vector<at::Tensor> fisher = gradient_scores(model, Score::kFisher, reviews, pool);
  const NamedMatrices matrices = encoder_matrices_of(model);
  for (const auto& [matrix, row, column] :
       std::vector<std::tuple<size_t, int64_t, int64_t>>{{2, 1, 3}, {3, 0, 7}, {5, 4, 11}, {10, 9, 2}}) {
    const double w = matrices[matrix].second[row][column].item<double>();
    double first = 0;
    double second = 0;
    for (uint32_t review = 0; review < 3; ++review) {
      const double g = derivative(reviews, review, matrix, row, column);
      first -= w * g;
      second += w * w / 2 * g * g / 3;
    }
    EXPECT_NEAR(movement[matrix][row][column].item<double>(), first, 1e-4 + 0.01 * std::fabs(first));
    EXPECT_NEAR(fisher[matrix][row][column].item<double>(), second, 1e-6 + 0.02 * second);
  }
  EXPECT_FALSE(matrices[0].second.requires_grad());
}

TEST(GradientScores, DoNotDependOnTheNumberOfThreads) {
  const model::TokenizedReviews reviews = made_up_reviews(20, 12);
  BertClassifier model = load_tiny_bert();
  model::WorkerPool one(1);
  model::WorkerPool three(3);
  const std::vector<at::Tensor> a = gradient_scores(model, Score::kFisher, reviews, one);
  const std::vector<at::Tensor> b = gradient_scores(model, Score::kFisher, reviews, three);
  for (size_t m = 0; m < a.size(); ++m) EXPECT_TRUE(at::equal(a[m], b[m]));
}

}  // namespace
}  // namespace coppice::prune
