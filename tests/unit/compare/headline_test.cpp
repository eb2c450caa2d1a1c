#include "shared/compare/headline.h"

#include <gtest/gtest.h>

namespace coppice::compare {
namespace {

const std::vector<std::string> kLabels = {"negative", "positive"};

ModelRow judged_row(const std::string& id, std::array<double, 2> logits) {
  ModelRow row;
  row.id = id;
  row.verdict = judge(logits, kLabels);
  return row;
}

TEST(Judge, IsASoftmaxThatDoesNotOverflow) {
  const Verdict verdict = judge({-800.0, 800.0}, kLabels);
  EXPECT_EQ(verdict.label, "positive");
  EXPECT_DOUBLE_EQ(verdict.probability, 1.0);
  EXPECT_DOUBLE_EQ(judge({0.5, 0.5}, kLabels).probability, 0.5);
  EXPECT_EQ(judge({0.5, 0.5}, kLabels).label, "negative");
}

TEST(CompareTimes, TakesTheRatioRoundByRound) {
  // The machine slows down threefold half way: each round's ratio is one half all the same.
  const std::vector<double> base = {10, 10, 30, 30};
  const std::vector<double> other = {5, 5, 15, 15};
  const auto ratio = compare_times(base, other);
  ASSERT_TRUE(ratio.has_value());
  EXPECT_DOUBLE_EQ(ratio->ratio, 0.5);
  EXPECT_DOUBLE_EQ(ratio->interval.high, 0.5);
  EXPECT_FALSE(compare_times(std::vector<double>{}, other).has_value());
  EXPECT_FALSE(compare_times(std::vector<double>{0.0}, other).has_value());
}

TEST(Headline, SaysAgreementAndSaving) {
  State state;
  state.models = {judged_row("dense", {0, 3}), judged_row("small", {0, 1})};
  state.agreement = agreement_of(state.models);
  EXPECT_EQ(headline_of(state), "Both models say positive.");
  state.models[0].time = TimeSummary{};
  state.models[1].time = TimeSummary{};
  state.models[1].against_baseline = TimeRatio{0.69, {0.6, 0.7}};
  EXPECT_EQ(headline_of(state),
            "Both models say positive. small takes 31 % less time than dense, and by the estimate the same share less "
            "energy.");
  state.models[1].against_baseline = TimeRatio{0.9, {0.8, 1.1}};
  EXPECT_EQ(headline_of(state), "Both models say positive. In time, small shows no clear difference to dense.");
}

TEST(Headline, SpeaksOfThePrunedModelAlthoughALinearOneTakesLess) {
  State state;
  state.models = {judged_row("dense", {0, 3}), judged_row("half", {0, 1}), judged_row("ngrams", {0, 1})};
  state.models[2].architecture = records::Architecture::kLinear;
  state.agreement = agreement_of(state.models);
  for (ModelRow& row : state.models) row.time = TimeSummary{};
  state.models[1].against_baseline = TimeRatio{0.5, {0.4, 0.6}};
  state.models[2].against_baseline = TimeRatio{0.0001, {0.0001, 0.0001}};
  EXPECT_EQ(headline_of(state),
            "All 3 models say positive. half takes 50 % less time than dense, and by the estimate the same share less "
            "energy. ngrams takes 1/10,000 of the time of dense, and by the estimate the same share of its energy.");
}

TEST(Headline, NamesWhoDisagrees) {
  State state;
  state.models = {judged_row("dense", {0, 3}), judged_row("small", {1, 0})};
  state.agreement = agreement_of(state.models);
  EXPECT_EQ(headline_of(state), "The models disagree: dense says positive, small says negative.");
  state.models.clear();
  EXPECT_EQ(headline_of(state), "");
}

}  // namespace
}  // namespace coppice::compare
