#include "native/linear/selection.h"

#include <gtest/gtest.h>

#include <cmath>

#include "native/linear/parallel.h"

namespace coppice::linear {
namespace {

const std::atomic<bool> kNotStopped{false};

// "good" or "bad" among words that say nothing; `not` turns them round, which only a 2-gram can see.
std::vector<data::Review> reviews(int count, uint32_t seed) {
  std::vector<data::Review> made;
  for (int i = 0; i < count; ++i) {
    const bool positive = i % 2 == 1;
    const bool turned = i % 4 >= 2;
    std::string text = "the film";
    for (int w = 0; w < 6; ++w) text += " w" + std::to_string((seed = seed * 1664525U + 1013904223U) / 11 % 40);
    text += turned ? (positive ? " was not bad" : " was not good") : (positive ? " was good" : " was bad");
    made.push_back({text, positive ? 1 : 0, std::to_string(i)});
  }
  return made;
}

SelectionOptions options() {
  SelectionOptions made;
  made.features = {20, 2, Weighting::kBinary, Norm::kL2};
  made.hash_bits = {8, 16};
  made.l2 = {1e-3, 1e1};
  made.threads = 2;
  return made;
}

TEST(Selection, ChoosesWhatTheValidationReviewsFavour) {
  const auto training = reviews(400, 1);
  const auto validation = reviews(200, 2);
  size_t told = 0;
  const auto chosen = select_linear(
      training, validation, options(), [&](const Candidate&) { ++told; }, kNotStopped);
  ASSERT_TRUE(chosen.ok()) << chosen.status().message();
  EXPECT_EQ(told, 4U);
  ASSERT_EQ(chosen->candidates.size(), 4U);
  const Candidate& best = chosen->candidates[chosen->chosen];
  EXPECT_EQ(best.l2, 1e-3);
  for (const Candidate& candidate : chosen->candidates) EXPECT_GE(candidate.validation.loss, best.validation.loss);
  EXPECT_GE(chosen->validation.accuracy, 0.99);
  EXPECT_EQ(static_cast<int64_t>(chosen->weights.weight.size()), int64_t{1} << chosen->config.features.hash_bits);
  EXPECT_NEAR(chosen->validation.loss, best.validation.loss, 0.01);  // what rounding to 255 steps costs

  SelectionOptions unigrams = options();
  unigrams.features.max_ngram = 1;
  const auto blind = select_linear(training, validation, unigrams, {}, kNotStopped);
  ASSERT_TRUE(blind.ok());
  EXPECT_LT(blind->validation.accuracy, 0.9);  // "not" alone cannot say it
}

TEST(Selection, WhatIsWrittenScoresAsWhatWasChosen) {
  const auto validation = reviews(100, 2);
  const auto chosen = select_linear(reviews(400, 1), validation, options(), {}, kNotStopped);
  ASSERT_TRUE(chosen.ok());
  const std::string tensors = to_safetensors(chosen->weights);
  const auto model = LinearModel::create(dump_json(to_json(chosen->config)),
                                         std::as_bytes(std::span(tensors.data(), tensors.size())), "made");
  ASSERT_TRUE(model.ok()) << model.status().message();
  double loss = 0;
  for (const data::Review& review : validation) {
    const Judgement judgement = model->judge(review.text);
    const double margin = (judgement.logits[1] - judgement.logits[0]) * (review.label == 1 ? 1 : -1);
    loss += std::log1p(std::exp(-margin)) / static_cast<double>(validation.size());
  }
  EXPECT_NEAR(loss, chosen->validation.loss, 1e-5);
}

TEST(Selection, DoesNotDependOnTheNumberOfThreads) {
  SelectionOptions one = options();
  one.threads = 1;
  SelectionOptions five = options();
  five.threads = 5;
  const auto a = select_linear(reviews(100, 1), reviews(40, 2), one, {}, kNotStopped);
  const auto b = select_linear(reviews(100, 1), reviews(40, 2), five, {}, kNotStopped);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->weights.weight, b->weights.weight);
  EXPECT_EQ(a->weights.scale, b->weights.scale);
}

TEST(Selection, TheFactorCalibrates) {
  // Scores of +-6 that are right in 3 of 4 cases should have been +-ln 3.
  std::vector<double> scores;
  std::vector<int> labels;
  for (int i = 0; i < 400; ++i) {
    scores.push_back(i % 2 == 0 ? 6.0 : -6.0);
    labels.push_back((i % 2 == 0) == (i % 8 < 6) ? 1 : 0);
  }
  EXPECT_NEAR(best_factor(scores, labels), std::log(3.0) / 6, 1e-3);
}

TEST(Selection, NeedsReviewsToChooseBy) {
  EXPECT_EQ(select_linear(reviews(10, 1), {}, options(), {}, kNotStopped).status().code(), StatusCode::kInvalidInput);
  SelectionOptions nothing = options();
  nothing.l2.clear();
  EXPECT_EQ(select_linear(reviews(10, 1), reviews(10, 2), nothing, {}, kNotStopped).status().code(),
            StatusCode::kInvalidUsage);
}

TEST(InParallel, EachElementIsVisitedOnce) {
  for (const int threads : {1, 3, 16}) {
    for (const size_t count : {size_t{0}, size_t{1}, size_t{7}, size_t{100}}) {
      std::vector<int> visits(count);
      in_parallel(threads, count, [&](size_t begin, size_t end) {
        for (size_t i = begin; i < end; ++i) ++visits[i];
      });
      EXPECT_EQ(visits, std::vector<int>(count, 1));
    }
  }
}

}  // namespace
}  // namespace coppice::linear
