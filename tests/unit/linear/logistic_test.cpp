#include "native/linear/logistic.h"

#include <gtest/gtest.h>

#include <cmath>

namespace coppice::linear {
namespace {

const std::atomic<bool> kGoOn{false};

// One feature, its value the same in each text: what a fit must find can be worked out.
struct Data {
  std::vector<std::vector<Feature>> texts;
  std::vector<int> labels;
};

TEST(Logistic, FindsTheOptimumOfOneFeature) {
  // Bucket 3 in 40 texts of which 30 are positive, nothing in 40 others of which 10 are.
  Data data;
  for (int i = 0; i < 80; ++i) {
    data.texts.push_back(i < 40 ? std::vector<Feature>{{3, 1.0F}} : std::vector<Feature>{});
    data.labels.push_back(i < 30 || i >= 70 ? 1 : 0);
  }
  LogisticOptions options;
  options.naive_bayes_smoothing = 0;
  options.tolerance = 1e-9;
  options.max_passes = 5000;
  for (const double l2 : {1e-3, 0.05, 1.0}) {
    options.l2 = l2;
    const auto fit = fit_logistic(data.texts, data.labels, 8, options, kGoOn);
    ASSERT_TRUE(fit.ok()) << fit.status().message();
    EXPECT_TRUE(fit->converged) << l2;
    EXPECT_LE(fit->gap, 1e-9);
    // At the optimum the gradient is 0: l2 w = mean of (label - p) x, and the same for the bias.
    const double w = fit->weights[3];
    const double p_with = 1 / (1 + std::exp(-w - fit->bias));
    const double p_without = 1 / (1 + std::exp(-fit->bias));
    EXPECT_NEAR(l2 * w, (30 - 40 * p_with) / 80, 1e-5) << l2;
    EXPECT_NEAR(l2 * fit->bias, (30 - 40 * p_with + 10 - 40 * p_without) / 80, 1e-5) << l2;
    // Without a penalty it would be the log of the ratio of odds, 3 to 1 against 1 to 3.
    EXPECT_LT(w, std::log(9.0));
    EXPECT_NEAR(w, std::log(9.0), l2 == 1e-3 ? 0.1 : 2.2);
    EXPECT_EQ(fit->weights[0], 0.0F);
  }
}

TEST(Logistic, NaiveBayesWeightingIsFoldedIn) {
  // With a penalty so strong that the fitted weights are nearly even, the folded ones follow the log ratios.
  Data data;
  for (int i = 0; i < 100; ++i) {
    std::vector<Feature> text = {{0, 1.0F}};
    if (i % 10 < (i % 2 == 0 ? 8 : 2)) text.push_back({1, 1.0F});
    data.texts.push_back(text);
    data.labels.push_back(i % 2 == 0 ? 1 : 0);
  }
  LogisticOptions options;
  options.naive_bayes_smoothing = 1;
  options.l2 = 0.1;
  const auto fit = fit_logistic(data.texts, data.labels, 4, options, kGoOn);
  ASSERT_TRUE(fit.ok());
  EXPECT_GT(fit->weights[1], 0.1F);                            // says positive
  EXPECT_LT(std::fabs(fit->weights[0]), fit->weights[1] / 3);  // in every text: says little
}

TEST(Logistic, TheSameDataGiveTheSameWeights) {
  Data data;
  for (uint32_t i = 0; i < 200; ++i) {
    std::vector<Feature> text;
    for (uint32_t bucket = i % 3; bucket < 64; bucket += 1 + i % 7) text.push_back({bucket, 0.3F});
    data.texts.push_back(text);
    data.labels.push_back(static_cast<int>(i * 7 % 5 % 2));
  }
  const auto a = fit_logistic(data.texts, data.labels, 64, {}, kGoOn);
  const auto b = fit_logistic(data.texts, data.labels, 64, {}, kGoOn);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->weights, b->weights);
  EXPECT_EQ(a->bias, b->bias);
}

TEST(Logistic, RareFeaturesGetNoWeight) {
  Data data;
  for (uint32_t i = 0; i < 10; ++i) {
    data.texts.push_back({{0, 1.0F}, {1 + i, 1.0F}});
    if (i < 2) data.texts.back() = {{0, 1.0F}, {30, 1.0F}};
    data.labels.push_back(i % 2 == 0 || i < 2 ? 1 : 0);
  }
  LogisticOptions options;
  options.min_texts = 2;
  const auto fit = fit_logistic(data.texts, data.labels, 32, options, kGoOn);
  ASSERT_TRUE(fit.ok());
  EXPECT_GT(fit->weights[30], 0.0F);
  for (uint32_t bucket = 1; bucket <= 10; ++bucket) EXPECT_EQ(fit->weights[bucket], 0.0F);
}

TEST(Logistic, OneLabelIsNoFitAndCtrlCStops) {
  Data data;
  for (uint32_t i = 0; i < 10; ++i) {
    data.texts.push_back({{i, 1.0F}});
    data.labels.push_back(1);
  }
  EXPECT_EQ(fit_logistic(data.texts, data.labels, 16, {}, kGoOn).status().code(), StatusCode::kInvalidInput);
  data.labels[0] = 0;
  LogisticOptions free;
  free.l2 = 0;
  EXPECT_EQ(fit_logistic(data.texts, data.labels, 16, free, kGoOn).status().code(), StatusCode::kInvalidUsage);
  const std::atomic<bool> stop{true};
  EXPECT_EQ(fit_logistic(data.texts, data.labels, 16, {}, stop).status().code(), StatusCode::kInterrupted);
}

}  // namespace
}  // namespace coppice::linear
