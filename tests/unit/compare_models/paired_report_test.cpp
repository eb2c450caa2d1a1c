#include "native/compare/paired_report.h"

#include <gtest/gtest.h>

#include "native/compare/render.h"
#include "tests/unit/compare_models/made_predictions.h"

namespace coppice::compare_models {
namespace {

// `count` reviews of one sort after another.
std::vector<std::string> reviews(const std::vector<std::pair<int, std::string>>& sorts) {
  std::vector<std::string> all;
  for (const auto& [count, review] : sorts) all.insert(all.end(), static_cast<size_t>(count), review);
  return all;
}

Result<PairedReport> report_of(const PredictionFile& first, const PredictionFile& second,
                               const ReviewTraits& traits = {}) {
  PairedOptions options;
  options.resamples = 200;
  return compare_predictions(first, second, same_order(first), traits, options);
}

// 40 negative reviews: both right. 60 positive ones: the first right on all, the second wrong on 20; and 5 that only
// the second gets right.
PredictionFile first_model() { return made_predictions(reviews({{40, "00"}, {55, "11"}, {5, "10"}})); }
PredictionFile second_model() { return made_predictions(reviews({{40, "00"}, {20, "10"}, {40, "11"}})); }

TEST(PairedReport, IsTheHandWorkedExample) {
  const auto report = report_of(first_model(), second_model());
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->n, 100);
  EXPECT_NEAR(report->first_accuracy, 0.95, 1e-12);
  EXPECT_NEAR(report->second_accuracy, 0.80, 1e-12);
  EXPECT_EQ(report->test.only_first_right, 20);
  EXPECT_EQ(report->test.only_second_right, 5);
  // 2 (C(25,0) + ... + C(25,5)) / 2^25 = 2 x 68406 / 33554432.
  EXPECT_NEAR(report->test.p_value, 2.0 * 68406 / 33554432, 1e-12);
  EXPECT_NEAR(report->score.difference, -0.15, 1e-12);
  EXPECT_EQ(report->non_inferiority.verdict, metrics::NonInferiority::kRefuted);
  // All scores are 0.8 or 0.2: of the first, 55 of 55 at 0.8 and 5 of 45 at 0.2 are positive.
  EXPECT_NEAR(report->first_calibration.ece, 0.55 * 0.2 + 0.45 * (0.2 - 5.0 / 45), 1e-12);
  EXPECT_NEAR(report->second_calibration.brier, (80 * 0.04 + 20 * 0.64) / 100, 1e-12);

  ASSERT_EQ(report->slices.size(), 2U);
  EXPECT_EQ(report->slices[0].test.p_value, 1.0);
  EXPECT_FALSE(report->slices[0].worse());
  // The smaller of two p-values is doubled.
  EXPECT_NEAR(*report->slices[1].p_adjusted, 2 * report->test.p_value, 1e-12);
  EXPECT_TRUE(report->slices[1].worse());
  EXPECT_EQ(report->slices_tested(), 2U);
}

TEST(PairedReport, SwappedItIsBetter) {
  const auto report = report_of(second_model(), first_model());
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->slices[1].better());
  EXPECT_EQ(report->non_inferiority.verdict, metrics::NonInferiority::kShown);
}

TEST(PairedReport, EmptyAndWholeSlicesAreNotTested) {
  const PredictionFile first = made_predictions(reviews({{30, "11"}}));
  const PredictionFile second = made_predictions(reviews({{20, "10"}, {10, "11"}}));
  const auto report = report_of(first, second);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->slices[0].n, 0);
  EXPECT_FALSE(report->slices[0].p_adjusted);
  EXPECT_EQ(report->slices[1].n, 30);
  EXPECT_FALSE(report->slices[1].p_adjusted);
  EXPECT_FALSE(report->slices[1].worse());
  EXPECT_EQ(report->slices_tested(), 0U);
  const OrderedJson json = to_json(*report);
  EXPECT_FALSE(json["slices"][0].contains("accuracy"));  // absent, not 0
  EXPECT_FALSE(json["slices"][1].contains("worse"));
}

TEST(PairedReport, OrderOfTheSecondFileDoesNotMatter) {
  const PredictionFile first = first_model();
  PredictionFile second = second_model();
  std::swap(second.rows[3], second.rows[97]);
  const auto order = match_reviews(first, second);
  ASSERT_TRUE(order.ok());
  const auto report = compare_predictions(first, second, *order, {}, {});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->test.only_first_right, 20);
}

TEST(PairedReport, TextSaysWhatTheTestsSay) {
  const auto report = report_of(first_model(), second_model());
  ASSERT_TRUE(report.ok());
  const std::string text = paired_text(*report, "dense", "pruned");
  for (const char* part : {"pruned against dense on the same 100 reviews", "95.00 % -> 80.00 %: -15.00 points",
                           "25 verdicts: 20 lost, 5 won", "refuted: the loss is above 0.50 points", "worse"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

}  // namespace
}  // namespace coppice::compare_models
