#include "native/model/activation_ranges.h"

#include <torch/torch.h>

#include "native/model/inference.h"
#include "native/model/int8_activations.h"
#include "tests/unit/model/tiny_bert.h"

namespace coppice::model {
namespace {

using testing_support::load_tiny_bert;
using testing_support::made_up_reviews;
using testing_support::pack_all;

const std::atomic<bool> kGoOn{false};

ValueHistogram bell(float outlier) {
  // 2,000 values near a bell over -1..1, and one far away.
  ValueHistogram values{-1, outlier, std::vector<int64_t>(2048, 0)};
  const double width = (double{outlier} + 1) / 2048;
  for (int i = 0; i < 2000; ++i) {
    const double u = (i + 0.5) / 2000;
    const double value = std::tanh(std::log(u / (1 - u)) / 4);
    ++values.bins[static_cast<size_t>((value + 1) / width)];
  }
  ++values.bins.back();
  return values;
}

TEST(ChooseRange, MinMaxKeepsAllAndTheOthersCutTheOutlierOff) {
  const ValueHistogram values = bell(40);
  const ActivationRange all = choose_range(values, {RangeMethod::kMinMax, 0});
  EXPECT_EQ(all.low, -1);
  EXPECT_EQ(all.high, 40);
  EXPECT_EQ(all.clipped, 0);
  const ActivationRange most = choose_range(values, {RangeMethod::kPercentile, 99.8});
  EXPECT_LT(most.high, 1.1F);
  EXPECT_GT(most.high, 0.8F);
  EXPECT_GT(most.clipped, 0);
  EXPECT_LT(most.clipped, 0.002);
  EXPECT_EQ(choose_range(values, {RangeMethod::kPercentile, 100}).high, 40);
}

// One value of 2,001 at 2: cutting it to 1 costs 1, and halving the step of the others saves nearly nothing. With the
// step of a range up to 400 the others lose more than the outlier weighs at 1e-3 of them.
TEST(ChooseRange, LeastSquaresWeighsClippingAgainstSteps) {
  EXPECT_NEAR(choose_range(bell(2), {RangeMethod::kMse, 0}).high, 2, 0.05);
  ValueHistogram values{-1, 400, std::vector<int64_t>(2048, 0)};
  values.bins[3] = 100'000'000;  // near -0.3
  values.bins[6] = 100'000'000;  // near 0.3
  values.bins.back() = 1;
  const ActivationRange chosen = choose_range(values, {RangeMethod::kMse, 0});
  EXPECT_LT(chosen.high, 200);
  // No other range of the same grid changes the values less.
  const auto change = [&](double high) {
    const double step = (high + 1) / 255;
    const double outlier = high < 399.9 ? (399.9 - high) * (399.9 - high) : 0;
    return 2e8 * step * step / 12 + outlier;
  };
  for (int part = 1; part <= 100; ++part) EXPECT_LE(change(chosen.high), change(4.0 * part) * 1.01) << part;
}

TEST(ChooseRange, HoldsZero) {
  const ValueHistogram above{3, 5, std::vector<int64_t>(16, 1)};
  EXPECT_EQ(choose_range(above, {}).low, 0);
  EXPECT_EQ(choose_range(above, {}).high, 5);
  const ValueHistogram below{-5, -3, std::vector<int64_t>(16, 1)};
  EXPECT_EQ(choose_range(below, {RangeMethod::kMse, 0}).high, 0);
}

TEST(ActivationRanges, AreTheExtremesOfWhatGoesIntoEachProduct) {
  BertClassifier model = load_tiny_bert();
  const TokenizedReviews reviews = made_up_reviews(12, 5);
  WorkerPool pool(2);
  const auto ranges = activation_ranges(model, reviews, {}, 32, pool, {}, kGoOn);
  ASSERT_TRUE(ranges.ok()) << ranges.status().message();
  ASSERT_EQ(ranges->size(), 2U * 4 + 1);
  EXPECT_EQ((*ranges)[4].name, "bert.encoder.layer.1.attention.self.input");
  EXPECT_EQ(ranges->back().name, "bert.pooler.dense.input");
  // Known from elsewhere: what goes into attention of the layers, and into the pooler.
  const at::NoGradGuard no_grad;
  const PackedBatch batch = pack_all(reviews);
  const std::vector<at::Tensor> states = model.hidden_states(batch);
  for (const size_t layer : {0U, 1U}) {
    EXPECT_NEAR((*ranges)[4 * layer].observed_low, states[layer].min().item<float>(), 1e-5);
    EXPECT_NEAR((*ranges)[4 * layer].observed_high, states[layer].max().item<float>(), 1e-5);
  }
  const at::Tensor cls = model.forward_with_cls(batch).cls;
  EXPECT_NEAR(ranges->back().observed_high, cls.max().item<float>(), 1e-5);
  EXPECT_NEAR((*ranges)[2].observed_high, (*ranges)[2].high, 0) << "minmax";
  // Not of the size of batches, nor of the threads.
  WorkerPool one(1);
  const auto again = activation_ranges(model, reviews, {RangeMethod::kMse, 99}, 4096, one, {}, kGoOn);
  const auto mse = activation_ranges(model, reviews, {RangeMethod::kMse, 99}, 4096, pool, {}, kGoOn);
  for (size_t i = 0; i < again->size(); ++i) EXPECT_EQ((*again)[i].high, (*mse)[i].high);
}

TEST(ActivationRanges, StaticScalesOfThemChangeLogitsALittleAndClipWhatIsOutside) {
  BertClassifier model = load_tiny_bert();
  const TokenizedReviews reviews = made_up_reviews(12, 5);
  WorkerPool pool(1);
  const std::vector<Logits> exact = predict(model, reviews, 4096, pool);
  const auto ranges = activation_ranges(model, reviews, {}, 4096, pool, {}, kGoOn);
  const auto largest_difference = [&](float factor) {
    std::vector<engine::ActivationScale> scales;
    for (const ActivationRange& range : *ranges) {
      scales.push_back(engine::scale_of_range(range.low * factor, range.high * factor));
    }
    BertClassifier rounded = load_tiny_bert();
    rounded.round_activations_to_int8(scales);
    const std::vector<Logits> logits = predict(rounded, reviews, 4096, pool);
    double largest = 0;
    for (size_t i = 0; i < logits.size(); ++i) {
      largest = std::max(largest, std::abs(double{logits[i][1]} - exact[i][1]));
    }
    return largest;
  };
  EXPECT_GT(largest_difference(1), 0);
  EXPECT_LT(largest_difference(1), 0.02);
  EXPECT_GT(largest_difference(0.2F), 5 * largest_difference(1)) << "four fifths of the range clipped";
  const at::Tensor x = at::tensor({-9.0F, -1.0F, 0.0F, 0.3F, 9.0F});
  const at::Tensor rounded = round_to_uint8(x, engine::scale_of_range(-1, 1));
  EXPECT_NEAR(rounded[0].item<float>(), -1, 0.005);
  EXPECT_EQ(rounded[2].item<float>(), 0);
  EXPECT_NEAR(rounded[3].item<float>(), 0.3, 0.004);
  EXPECT_NEAR(rounded[4].item<float>(), 1, 0.005);
}

TEST(ActivationRanges, WhatHasNoRangeIsRefused) {
  BertClassifier model = load_tiny_bert();
  WorkerPool pool(1);
  const auto status = [&](BertClassifier& of, const TokenizedReviews& reviews, const RangeOptions& options = {}) {
    return activation_ranges(of, reviews, options, 4096, pool, {}, kGoOn).status();
  };
  EXPECT_EQ(status(model, {}).code(), StatusCode::kInvalidInput);
  EXPECT_EQ(status(model, made_up_reviews(4, 1), {RangeMethod::kPercentile, 40}).code(), StatusCode::kInvalidUsage);
  // A layer whose values are all 0 hands zeros to its output projection.
  BertClassifier dead = load_tiny_bert();
  dead.visit([](const std::string& name, at::Tensor& tensor, const std::vector<int64_t>&) {
    if (name.find("layer.0.attention.self.value") != std::string::npos) tensor.zero_();
  });
  const Status empty = status(dead, made_up_reviews(4, 1));
  EXPECT_EQ(empty.code(), StatusCode::kInvalidInput);
  EXPECT_NE(empty.message().find("bert.encoder.layer.0.attention.output.dense.input is 0 in all"), std::string::npos)
      << empty.message();
  BertClassifier diverged = load_tiny_bert();
  diverged.visit([](const std::string& name, at::Tensor& tensor, const std::vector<int64_t>&) {
    if (name == "bert.encoder.layer.1.intermediate.dense.bias") tensor[0] = NAN;
  });
  EXPECT_NE(status(diverged, made_up_reviews(4, 1)).message().find("layer.1.output.dense.input has values"),
            std::string::npos);
  const std::atomic<bool> stop{true};
  EXPECT_EQ(activation_ranges(model, made_up_reviews(4, 1), {}, 4096, pool, {}, stop).status().code(),
            StatusCode::kInterrupted);
}

}  // namespace
}  // namespace coppice::model
