#include "native/prune/structured.h"

#include <torch/torch.h>

#include <cmath>

#include "native/model/inference.h"
#include "tests/unit/model/tiny_bert.h"

namespace coppice::prune {
namespace {

using namespace testing_support;  // NOLINT: names of the test fixtures
using model::BertClassifier;

// Heads 2 of 2 wide 4; 16 neurons.
StructuredPlan some_plan() {
  StructuredPlan plan;
  plan.layers = {{0, {1}, {0, 3, 4, 9, 15}}, {1, {0, 1}, {2, 7}}};
  return plan;
}

TEST(Structured, MaskedAndCompactedModelsGiveEqualLogits) {
  const model::PackedBatch batch = pack_all(made_up_reviews(20, 4));
  BertClassifier masked = load_tiny_bert();
  BertClassifier compacted = load_tiny_bert();
  const at::Tensor dense = masked.forward(batch);
  ASSERT_TRUE(mask_structured(masked, some_plan()).ok());
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

TEST(Structured, MagnitudeImportanceIsTheNormOfAUnitsColumns) {
  BertClassifier model = load_tiny_bert();
  const Importance importance = magnitude_importance(model);
  const model::EncoderLayer& layer = model.layers()[1];
  EXPECT_NEAR(importance.layers[1].neurons[7], layer.output.weight.select(1, 7).norm().item<double>(), 1e-6);
  EXPECT_NEAR(importance.layers[1].heads[1], layer.attention_output.weight.narrow(1, 4, 4).norm().item<double>(), 1e-6);
}

TEST(Structured, AModelWithoutALayerIsTheOthersInARow) {
  const model::PackedBatch batch = pack_all(made_up_reviews(6, 9));
  BertClassifier model = load_tiny_bert();
  BertClassifier first_only = with_layers(model, {0});
  EXPECT_EQ(first_only.config().num_hidden_layers(), 1);
  // The classifier on the output of layer 0 of the whole model.
  const at::Tensor states = model.hidden_states(batch)[1];
  const std::vector<int64_t> cls(batch.offsets.begin(), batch.offsets.end() - 1);
  const at::Tensor expected = states.index_select(0, at::tensor(cls, at::kLong));
  EXPECT_LT((first_only.forward_with_cls(batch).cls - expected).abs().max().item<double>(), 2e-6);
  StructuredPlan plan;
  std::vector<int64_t> neurons = all_layers(16);
  plan.layers = {{1, {0, 1}, neurons}};
  BertClassifier second_only = with_layers(model, {1});
  BertClassifier pruned = load_tiny_bert();
  apply_structured(pruned, plan);
  EXPECT_LT((second_only.forward(batch) - pruned.forward(batch)).abs().max().item<double>(), 2e-6);
  EXPECT_EQ(mask_structured(model, plan).code(), StatusCode::kInvalidUsage);
}

TEST(Structured, LayersGoInTheOrderTheLossMissesThemLeast) {
  BertClassifier model = load_tiny_bert();
  // A layer that adds nothing to its input but noise of 1e-6 is the one to go: LayerNorm of what is normalised already.
  model.layers()[0].attention_output.weight.mul_(1e-6);
  model.layers()[0].attention_output.bias.zero_();
  model.layers()[0].output.weight.mul_(1e-6);
  model.layers()[0].output.bias.zero_();
  const model::TokenizedReviews reviews = made_up_reviews(16, 3);
  model::WorkerPool pool(2);
  const std::vector<std::vector<int64_t>> kept = remove_layers(model, 1, reviews, pool);
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0], (std::vector<int64_t>{0, 1}));
  const auto loss_with = [&](const std::vector<int64_t>& layers) {
    BertClassifier reduced = with_layers(model, layers);
    return mean_loss(reduced, reviews, pool);
  };
  EXPECT_EQ(kept[1], loss_with({0}) < loss_with({1}) ? std::vector<int64_t>{0} : std::vector<int64_t>{1});
}

TEST(MeanLoss, IsTheMeanCrossEntropy) {
  BertClassifier model = load_tiny_bert();
  const model::TokenizedReviews reviews = made_up_reviews(10, 2);
  model::WorkerPool pool(2);
  const std::vector<int64_t> labels(reviews.labels.begin(), reviews.labels.end());
  const at::Tensor loss = at::cross_entropy_loss(model.forward(pack_all(reviews)), at::tensor(labels, at::kLong));
  EXPECT_NEAR(mean_loss(model, reviews, pool), loss.item<double>(), 1e-5);
}

}  // namespace
}  // namespace coppice::prune
