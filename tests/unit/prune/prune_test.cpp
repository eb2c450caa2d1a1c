#include <torch/torch.h>

#include <limits>

#include "native/prune/magnitude.h"
#include "native/prune/structured.h"
#include "tests/unit/model/tiny_bert.h"

namespace coppice::prune {
namespace {

using namespace testing_support;  // NOLINT: names of the test fixtures
using model::BertClassifier;

int64_t encoder_zeros(BertClassifier& model) {
  int64_t zeros = 0;
  model.visit([&](const std::string& name, at::Tensor& tensor, const std::vector<int64_t>&) {
    if (name.find("encoder") != std::string::npos && name.ends_with(".weight") &&
        name.find("LayerNorm") == std::string::npos) {
      zeros += tensor.eq(0).sum().item<int64_t>();
    }
  });
  return zeros;
}

TEST(Magnitude, PrunesExactlyTheShareAskedForAndOnlyTheSmallest) {
  for (const double sparsity : {0.0, 0.1, 0.5, 0.8, 0.999}) {
    BertClassifier model = load_tiny_bert();
    const Result<MagnitudePlan> plan = plan_magnitude(model, sparsity);
    ASSERT_TRUE(plan.ok());
    ASSERT_EQ(plan->weights, 2 * (4 * 8 * 8 + 2 * 8 * 16));
    ASSERT_TRUE(apply_magnitude(model, *plan).ok());
    EXPECT_EQ(encoder_zeros(model), std::llround(sparsity * static_cast<double>(plan->weights))) << sparsity;
    int64_t listed = 0;
    for (const MagnitudePlan::Matrix& matrix : plan->matrices) listed += matrix.zeros;
    EXPECT_EQ(listed, plan->zeros);
    model.visit([&](const std::string& name, at::Tensor& tensor, const std::vector<int64_t>&) {
      if (name != "bert.encoder.layer.0.intermediate.dense.weight") return;
      const at::Tensor kept = tensor.abs().masked_select(tensor.ne(0));
      if (kept.numel() == 0) return;
      EXPECT_GE(kept.min().item<double>(), plan->threshold);
    });
  }
}

TEST(Magnitude, TiesAreCutToTheExactNumber) {
  BertClassifier model = load_tiny_bert();
  model.visit([&](const std::string& name, at::Tensor& tensor, const std::vector<int64_t>&) {
    if (name.find("encoder") != std::string::npos && name.ends_with("dense.weight")) tensor.fill_(0.25);
  });
  const Result<MagnitudePlan> plan = plan_magnitude(model, 0.5);
  ASSERT_TRUE(plan.ok());
  ASSERT_TRUE(apply_magnitude(model, *plan).ok());
  EXPECT_EQ(encoder_zeros(model), plan->zeros);
}

TEST(Magnitude, SharesOutsideZeroToOneAreRefused) {
  BertClassifier model = load_tiny_bert();
  for (const double sparsity : {-0.1, 1.0, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    const Result<MagnitudePlan> plan = plan_magnitude(model, sparsity);
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.status().code(), StatusCode::kInvalidUsage);
  }
}

TEST(Magnitude, APlanOfAnotherModelIsNoticed) {
  BertClassifier model = load_tiny_bert();
  Result<MagnitudePlan> plan = plan_magnitude(model, 0.5);
  ASSERT_TRUE(plan.ok());
  model.visit([](const std::string&, at::Tensor& tensor, const std::vector<int64_t>&) { tensor.mul_(3); });
  EXPECT_FALSE(apply_magnitude(model, *plan).ok());
}

// Heads 2 of 2 wide 4; 16 neurons.
StructuredPlan some_plan() {
  StructuredPlan plan;
  plan.layers = {{{1}, {0, 3, 4, 9, 15}}, {{0, 1}, {2, 7}}};
  return plan;
}

TEST(Structured, MaskedAndCompactedModelsGiveEqualLogits) {
  const model::PackedBatch batch = pack_all(made_up_reviews(20, 4));
  BertClassifier masked = load_tiny_bert();
  BertClassifier compacted = load_tiny_bert();
  const at::Tensor dense = masked.forward(batch);
  mask_structured(masked, some_plan());
  apply_structured(compacted, some_plan());
  const at::Tensor a = masked.forward(batch);
  const at::Tensor b = compacted.forward(batch);
  EXPECT_LT((a - b).abs().max().item<double>(), 2e-6);  // sums without the zeros round differently
  EXPECT_GT((a - dense).abs().max().item<double>(), 1e-3);
}

TEST(Structured, MatricesReallyShrinkAndAreLoadedAgain) {
  BertClassifier model = load_tiny_bert();
  apply_structured(model, some_plan());
  EXPECT_EQ(model.layers()[0].query.weight.sizes(), (std::vector<int64_t>{4, 8}));
  EXPECT_EQ(model.layers()[0].attention_output.weight.sizes(), (std::vector<int64_t>{8, 4}));
  EXPECT_EQ(model.layers()[1].intermediate.weight.sizes(), (std::vector<int64_t>{2, 8}));
  const ScratchFolder folder;
  ASSERT_TRUE(model::save_weights(model, folder.path() / "model.safetensors").ok());
  ASSERT_TRUE(
      write_file_atomically(folder.path() / "config.json", dump_json(records::to_json(model.config()), 1)).ok());
  Result<model::LoadedModel> again = model::load_model(folder.path(), 0, true);
  ASSERT_TRUE(again.ok()) << again.status().message();
  const model::PackedBatch batch = pack_all(made_up_reviews(5, 8));
  EXPECT_TRUE(at::equal(again->model.forward(batch), model.forward(batch)));
}

TEST(Structured, ImportanceIsTheFirstOrderChangeOfTheLoss) {
  // Removing a unit scales its columns by 0; the derivative of the loss by that scale at 1 is what importance
  // estimates.
  BertClassifier model = load_tiny_bert();
  const model::TokenizedReviews reviews = made_up_reviews(1, 5);  // one review: one micro-batch, no cancelling
  model::WorkerPool pool(1);
  const Importance importance = taylor_importance(model, reviews, pool);
  const at::Tensor labels = at::tensor(std::vector<int64_t>{reviews.labels[0]}, at::kLong);
  const auto loss_with_scale = [&](double scale) {
    BertClassifier scaled = load_tiny_bert();
    scaled.layers()[1].output.weight.narrow(1, 7, 1).mul_(scale);
    return at::cross_entropy_loss(scaled.forward(pack_all(reviews)), labels).item<double>();
  };
  const double derivative = (loss_with_scale(1.01) - loss_with_scale(0.99)) / 0.02;
  EXPECT_NEAR(importance.layers[1].neurons[7], std::fabs(derivative), 1e-4);
  EXPECT_EQ(importance.layers[0].heads.size(), 2U);
}

Importance made_up_importance(const records::BertConfig& config) {
  Importance importance;
  for (size_t l = 0; l < config.layers.size(); ++l) {
    Importance::Layer layer;
    for (int64_t h = 0; h < config.layers[l].num_attention_heads; ++h)
      layer.heads.push_back(1.0 + static_cast<double>(h));
    for (int64_t n = 0; n < config.layers[l].intermediate_size; ++n)
      layer.neurons.push_back(0.001 * static_cast<double>(n % 37));
    importance.layers.push_back(layer);
  }
  return importance;
}

TEST(PlanStructured, MeetsTheBudgetAndKeepsTheMostImportant) {
  const records::BertConfig config;  // MiniLM-L6
  for (const double share : {0.9, 0.5, 0.25, 0.1}) {
    const Result<StructuredPlan> plan = plan_structured(config, made_up_importance(config), {share, 256, 16});
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    records::BertConfig pruned = config;
    for (size_t l = 0; l < pruned.layers.size(); ++l) {
      pruned.layers[l] = {static_cast<int64_t>(plan->layers[l].heads.size()),
                          static_cast<int64_t>(plan->layers[l].neurons.size())};
      EXPECT_EQ(pruned.layers[l].intermediate_size % 16, 0);
      EXPECT_EQ(plan->layers[l].heads.back(), 11);
    }
    const double kept = static_cast<double>(records::encoder_flops(pruned, 256)) /
                        static_cast<double>(records::encoder_flops(config, 256));
    EXPECT_LE(kept, share);
    EXPECT_GT(kept, share - 0.03);
    EXPECT_EQ(plan->flops_after, records::encoder_flops(pruned, 256));
  }
}

TEST(PlanStructured, ABudgetThatCannotBeMetOffersTheNearest) {
  const records::BertConfig config;
  const Result<StructuredPlan> plan = plan_structured(config, made_up_importance(config), {0.001, 256, 16});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.status().code(), StatusCode::kInvalidUsage);
  EXPECT_NE(plan.status().message().find("is left"), std::string::npos) << plan.status().message();
  for (const double share : {0.0, -1.0, 1.01})
    EXPECT_FALSE(plan_structured(config, made_up_importance(config), {share, 256, 16}).ok());
}

}  // namespace
}  // namespace coppice::prune
