#include "shared/metrics/paired_score.h"

#include <gtest/gtest.h>

#include <cmath>

#include "native/io/file.h"
#include "shared/base/json.h"
#include "shared/metrics/calibration.h"
#include "shared/metrics/multiple.h"
#include "shared/metrics/paired.h"

namespace coppice::metrics {
namespace {

// Values of scipy and statsmodels: tests/golden/README.md.
Json golden(const char* part) {
  const Result<std::string> bytes = read_file("tests/golden/paired_golden.json");
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  const Result<Json> json = parse_json(bytes.ok() ? *bytes : "{}", "paired_golden.json");
  EXPECT_TRUE(json.ok());
  return json->at(part);
}

TEST(PairedScore, WithoutDisagreementIsAsWideAsTheReviewsAreFew) {
  // Both quadratics of the score test shrink to difference^2 = z^2 (1 - difference) difference / n, so that the ends
  // are z^2 / (n + z^2): 3.8415 / 51.8415.
  const Result<PairedScore> score = paired_score({48, 0, 0});
  ASSERT_TRUE(score.ok());
  EXPECT_EQ(score->difference, 0.0);
  EXPECT_NEAR(score->interval.high, 3.841458820694124 / 51.841458820694124, 1e-12);
  EXPECT_NEAR(score->interval.low, -score->interval.high, 1e-12);
}

TEST(PairedScore, AtNoDifferenceIsMcNemarsStatistic) {
  // (b - c) / sqrt(b + c) = (40 - 20) / sqrt(60), whatever n is.
  EXPECT_NEAR(tango_statistic({500, 20, 40}, 0.0), 20.0 / std::sqrt(60.0), 1e-12);
  EXPECT_NEAR(tango_statistic({90, 20, 40}, 0.0), 20.0 / std::sqrt(60.0), 1e-12);
  EXPECT_EQ(tango_statistic({90, 20, 20}, 0.0), 0.0);
}

TEST(PairedScore, EqualsTheNumericalSolution) {
  for (const Json& row : golden("tango")) {
    const PairedCounts counts{row["n"], row["only_first"], row["only_second"]};
    const Result<PairedScore> score = paired_score(counts);
    ASSERT_TRUE(score.ok());
    // The oracle maximises a likelihood numerically: about 1e-8 of its place.
    EXPECT_NEAR(score->interval.low, row["low"].get<double>(), 1e-6) << row.dump();
    EXPECT_NEAR(score->interval.high, row["high"].get<double>(), 1e-6) << row.dump();
    const Result<NonInferiorityTest> test = non_inferiority(counts, row["margin"]);
    ASSERT_TRUE(test.ok());
    EXPECT_NEAR(test->p_value, row["noninferiority_p"].get<double>(), 1e-5) << row.dump();
  }
}

TEST(PairedScore, HoldsTheWholeRangeAtItsEnds) {
  const Result<PairedScore> all_won = paired_score({1, 0, 1});
  ASSERT_TRUE(all_won.ok());
  EXPECT_EQ(all_won->difference, 1.0);
  EXPECT_EQ(all_won->interval.high, 1.0);
  EXPECT_LT(all_won->interval.low, 0.0);  // one review shows nothing
  const Result<PairedScore> all_lost = paired_score({30, 30, 0});
  EXPECT_EQ(all_lost->interval.low, -1.0);
  EXPECT_LT(all_lost->interval.high, -0.7);
}

TEST(PairedScore, SwappingTheModelsTurnsTheInterval) {
  const Result<PairedScore> there = paired_score({400, 31, 12});
  const Result<PairedScore> back = paired_score({400, 12, 31});
  ASSERT_TRUE(there.ok() && back.ok());
  EXPECT_NEAR(there->interval.low, -back->interval.high, 1e-12);
  EXPECT_NEAR(there->interval.high, -back->interval.low, 1e-12);
}

TEST(PairedScore, CountsThatCannotBeAreRefused) {
  EXPECT_FALSE(paired_score({0, 0, 0}).ok());
  EXPECT_FALSE(paired_score({5, 3, 3}).ok());
  EXPECT_FALSE(paired_score({5, -1, 3}).ok());
  EXPECT_FALSE(non_inferiority({5, 1, 1}, 0.0).ok());
  EXPECT_FALSE(non_inferiority({5, 1, 1}, 1.0).ok());
}

TEST(NonInferiority, IsTheIntervalAgainstTheMargin) {
  EXPECT_EQ(non_inferiority({25000, 300, 310}, 0.005)->verdict, NonInferiority::kShown);
  EXPECT_EQ(non_inferiority({25000, 845, 654}, 0.005)->verdict, NonInferiority::kInconclusive);
  EXPECT_EQ(non_inferiority({25000, 1709, 783}, 0.005)->verdict, NonInferiority::kRefuted);
  EXPECT_STREQ(to_string(NonInferiority::kRefuted), "refuted");
}

TEST(McNemarExact, EqualsScipyAndStatsmodels) {
  for (const Json& row : golden("mcnemar")) {
    const double expected = row["p_value"];
    EXPECT_NEAR(mcnemar_exact(row["only_first"].get<int64_t>(), row["only_second"].get<int64_t>())->p_value, expected,
                expected * 1e-9)
        << row.dump();
  }
}

TEST(PairedDifference, IsThePercentileBootstrap) {
  const Json row = golden("bootstrap");
  std::vector<double> first;
  std::vector<double> second;
  for (const auto& [name, a, b] : {std::tuple("gained", 0, 1), {"lost", 1, 0}, {"same", 1, 1}}) {
    first.insert(first.end(), row[name].get<size_t>(), a);
    second.insert(second.end(), row[name].get<size_t>(), b);
  }
  const Result<PairedDifference> difference = paired_difference(first, second, 20000);
  ASSERT_TRUE(difference.ok());
  EXPECT_NEAR(difference->difference, -0.03, 1e-12);
  // Means are multiples of 0.001 and both generators draw 20,000: the ends differ by one step at most.
  EXPECT_NEAR(difference->interval.low, row["low"].get<double>(), 0.0011);
  EXPECT_NEAR(difference->interval.high, row["high"].get<double>(), 0.0011);
}

TEST(Holm, EqualsTheHandWorkedExample) {
  // Sorted 0.005, 0.01, 0.03, 0.04: times 4, 3, 2, 1 gives 0.02, 0.03, 0.06, 0.04, of which the last is raised to 0.06.
  const Result<std::vector<double>> adjusted = holm_adjusted(std::vector<double>{0.01, 0.04, 0.03, 0.005});
  ASSERT_TRUE(adjusted.ok());
  const std::vector<double> expected = {0.03, 0.06, 0.06, 0.02};
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR((*adjusted)[i], expected[i], 1e-15);
  EXPECT_TRUE(holm_adjusted({})->empty());
}

TEST(Holm, EqualsStatsmodels) {
  for (const Json& row : golden("holm")) {
    const Result<std::vector<double>> adjusted = holm_adjusted(row["p_values"].get<std::vector<double>>());
    ASSERT_TRUE(adjusted.ok());
    for (size_t i = 0; i < adjusted->size(); ++i) EXPECT_NEAR((*adjusted)[i], row["adjusted"][i].get<double>(), 1e-12);
  }
}

TEST(Holm, WhatIsNoProbabilityIsRefused) {
  EXPECT_FALSE(holm_adjusted(std::vector<double>{0.1, 1.5}).ok());
  EXPECT_FALSE(holm_adjusted(std::vector<double>{std::nan("")}).ok());
}

TEST(Calibration, EqualsTheHandWorkedExample) {
  // Bin 9: 0.9 and 1.0, one of two positive: |0.5 - 0.95| 2/4. Bin 0: 0.0, negative: 0. Bin 5: 0.5, positive: 0.5 / 4.
  const Result<Calibration> calibration =
      calibration_of(std::vector<int>{1, 0, 0, 1}, std::vector<double>{0.9, 1.0, 0.0, 0.5});
  ASSERT_TRUE(calibration.ok());
  EXPECT_NEAR(calibration->ece, 0.225 + 0.125, 1e-12);
  EXPECT_NEAR(calibration->brier, (0.01 + 1.0 + 0.0 + 0.25) / 4, 1e-12);
  EXPECT_EQ(calibration->bins[9].n, 2);
  EXPECT_NEAR(calibration->bins[9].mean_score, 0.95, 1e-12);
  EXPECT_NEAR(calibration->bins[9].share_positive, 0.5, 1e-12);
  EXPECT_EQ(calibration->bins[4].n, 0);
}

TEST(Calibration, EqualsNumpy) {
  const Json row = golden("calibration");
  const Result<Calibration> calibration =
      calibration_of(row["labels"].get<std::vector<int>>(), row["scores"].get<std::vector<double>>());
  ASSERT_TRUE(calibration.ok());
  EXPECT_NEAR(calibration->ece, row["ece"].get<double>(), 1e-12);
  EXPECT_NEAR(calibration->brier, row["brier"].get<double>(), 1e-12);
  for (size_t i = 0; i < kReliabilityBins; ++i) EXPECT_EQ(calibration->bins[i].n, row["n"][i]);
}

TEST(Calibration, BadListsAreRefused) {
  EXPECT_FALSE(calibration_of({}, {}).ok());
  EXPECT_FALSE(calibration_of(std::vector<int>{1}, std::vector<double>{std::nan("")}).ok());
  EXPECT_FALSE(calibration_of(std::vector<int>{2}, std::vector<double>{0.5}).ok());
  EXPECT_FALSE(calibration_of(std::vector<int>{1, 0}, std::vector<double>{0.5}).ok());
}

}  // namespace
}  // namespace coppice::metrics
