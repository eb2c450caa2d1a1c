#include "native/model/int8_activations.h"

#include <torch/torch.h>

#include "native/model/inference.h"
#include "shared/engine/int8_rows.h"
#include "tests/unit/model/tiny_bert.h"

namespace coppice::model {
namespace {

using testing_support::load_tiny_bert;
using testing_support::made_up_reviews;
using testing_support::pack_all;

using Offsets = std::vector<int64_t>;

// The example of the operator's definition (ONNX, DynamicQuantizeLinear): x = 0, 2, -3, -2.5, 1.34, 0.5 has scale
// 5/255 and zero point 153, values 153, 255, 0, 26, 221, 179.
TEST(RoundToUint8, IsTheOperatorsOwnExample) {
  const at::Tensor x = at::tensor({0.0F, 2.0F, -3.0F, -2.5F, 1.34F, 0.5F}).reshape({2, 3});
  const at::Tensor rounded = round_to_uint8(x, Offsets{0, 2});
  const float scale = 5.0F / 255;
  const std::vector<int> values = {153, 255, 0, 26, 221, 179};
  for (int64_t i = 0; i < 6; ++i) {
    EXPECT_FLOAT_EQ(rounded.flatten()[i].item<float>(),
                    static_cast<float>(values[static_cast<size_t>(i)] - 153) * scale)
        << i;
  }
}

// The definition's other examples: all above 0, all below 0, all 0.
TEST(RoundToUint8, TheRangeHoldsZero) {
  const at::Tensor above = round_to_uint8(at::tensor({1.0F, 2.1F, 4.0F}).reshape({3, 1}), Offsets{0, 3});
  EXPECT_FLOAT_EQ(above[1].item<float>(), 134 * (4.0F / 255));
  const at::Tensor below = round_to_uint8(at::tensor({-1.0F, -2.1F, -4.0F}).reshape({3, 1}), Offsets{0, 3});
  EXPECT_FLOAT_EQ(below[1].item<float>(), -134 * (4.0F / 255));
  EXPECT_TRUE(at::equal(round_to_uint8(at::zeros({2, 2}), Offsets{0, 2}), at::zeros({2, 2})));
}

TEST(RoundToUint8, EachReviewHasItsOwnRange) {
  const at::Tensor x = at::randn({5, 8}) * at::tensor({1.0F, 1.0F, 100.0F, 100.0F, 100.0F}).unsqueeze(1);
  const at::Tensor rounded = round_to_uint8(x, Offsets{0, 2, 5});
  EXPECT_TRUE(at::equal(rounded.narrow(0, 0, 2), round_to_uint8(x.narrow(0, 0, 2), Offsets{0, 2})));
  EXPECT_TRUE(at::equal(rounded.narrow(0, 2, 3), round_to_uint8(x.narrow(0, 2, 3), Offsets{0, 3})));
  const double step = (x.narrow(0, 0, 2).max().item<double>() - x.narrow(0, 0, 2).min().item<double>()) / 255;
  EXPECT_LE((rounded - x).narrow(0, 0, 2).abs().max().item<double>(), step * 1.001);
}

TEST(RoundSteps, AreWholeNumbersAndAScaleForEachRow) {
  const at::Tensor x = at::randn({5, 8});
  const RoundedActivations rounded = round_steps(x, Offsets{0, 2, 5});
  EXPECT_TRUE(at::equal(rounded.steps, at::round(rounded.steps)));
  EXPECT_EQ(rounded.scales.sizes(), (std::vector<int64_t>{5, 1}));
  EXPECT_TRUE(at::equal(rounded.steps * rounded.scales, round_to_uint8(x, Offsets{0, 2, 5})));
}

// Rounds the model's matrices to int8 and computes with the integers.
void make_int8(BertClassifier& model) {
  const at::NoGradGuard no_grad;
  RowScales row_scales;
  model.visit_products([&](const std::string& name, Linear& layer) {
    const std::vector<float> values(layer.weight.data_ptr<float>(),
                                    layer.weight.data_ptr<float>() + layer.weight.numel());
    const Result<engine::Int8Rows> rows = engine::quantize_rows(values, layer.weight.size(0), name, 127);
    ASSERT_TRUE(rows.ok()) << rows.status().message();
    const at::Tensor scales = at::tensor(rows->scales).unsqueeze(1);
    layer.weight.copy_(at::tensor(std::vector<float>(rows->values.begin(), rows->values.end())).view_as(layer.weight) *
                       scales);
    row_scales[name] = scales;
  });
  model.round_activations_to_int8({}, row_scales);
}

// In another order sums of float32 would differ in their last bits.
TEST(BertClassifier, ProductsOfIntegersAreExactInAnyOrder) {
  BertClassifier model = load_tiny_bert();
  const PackedBatch batch = pack_all(made_up_reviews(12, 5));
  BertClassifier shuffled = load_tiny_bert();
  const at::Tensor order = at::randperm(model.layers()[0].intermediate.weight.size(0));
  Linear& intermediate = shuffled.layers()[0].intermediate;
  intermediate.weight = intermediate.weight.index_select(0, order);
  intermediate.bias = intermediate.bias.index_select(0, order);
  shuffled.layers()[0].output.weight = shuffled.layers()[0].output.weight.index_select(1, order);
  make_int8(model);
  make_int8(shuffled);
  const at::NoGradGuard no_grad;
  const at::Tensor logits = model.forward(batch);
  EXPECT_TRUE(at::equal(logits, shuffled.forward(batch)));

  // What the same weights give by products of their float32 values.
  BertClassifier of_values = load_tiny_bert();
  make_int8(of_values);
  of_values.visit_products([](const std::string& /*name*/, Linear& layer) { layer.integers = at::Tensor(); });
  const at::Tensor others = of_values.forward(batch);
  EXPECT_FALSE(at::equal(logits, others));
  EXPECT_LT((logits - others).abs().max().item<double>(), 2e-3);
}

TEST(BertClassifier, RoundedActivationsChangeLogitsALittleAndNoReviewsCompanyMatters) {
  BertClassifier model = load_tiny_bert();
  const TokenizedReviews reviews = made_up_reviews(12, 5);
  WorkerPool pool(1);
  const std::vector<Logits> exact = predict(model, reviews, 1000, pool);
  model.round_activations_to_int8();
  const std::vector<Logits> together = predict(model, reviews, 1000, pool);
  const std::vector<Logits> alone = predict(model, reviews, 1, pool);
  double largest = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    for (size_t k = 0; k < 2; ++k) {
      largest = std::max(largest, static_cast<double>(std::abs(together[i][k] - exact[i][k])));
      // Summation order may move a value over the middle of two steps; this tiny model has few values.
      EXPECT_NEAR(together[i][k], alone[i][k], 2e-3) << i;
    }
  }
  EXPECT_GT(largest, 1e-6) << "nothing was rounded";
  EXPECT_LT(largest, 0.05);

  // Training from such a folder is in float32.
  model.set_dropout(0);
  const TrainingPass training{1, 1, 0};
  BertClassifier other = load_tiny_bert();
  EXPECT_TRUE(at::allclose(model.forward(pack_all(reviews), &training), other.forward(pack_all(reviews)), 0, 1e-6));
}

}  // namespace
}  // namespace coppice::model
