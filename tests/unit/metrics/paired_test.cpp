#include "shared/metrics/paired.h"

#include <gtest/gtest.h>

#include <vector>

namespace coppice::metrics {
namespace {

TEST(McNemarExact, EqualsTheBinomialTest) {
  // scipy.stats.binomtest(2, 12).pvalue and (1, 10), worked out by hand from the binomial coefficients.
  EXPECT_NEAR(mcnemar_exact(2, 10)->p_value, 2.0 * (1 + 12 + 66) / 4096.0, 1e-15);
  EXPECT_NEAR(mcnemar_exact(9, 1)->p_value, 2.0 * (1 + 10) / 1024.0, 1e-15);
  EXPECT_EQ(mcnemar_exact(5, 5)->p_value, 1.0);
  EXPECT_EQ(mcnemar_exact(0, 0)->p_value, 1.0);
  EXPECT_FALSE(mcnemar_exact(-1, 3).ok());
}

TEST(McNemarExact, StaysFiniteForThousandsOfReviews) {
  const Result<McNemar> far = mcnemar_exact(500, 1500);
  ASSERT_TRUE(far.ok());
  EXPECT_GT(far->p_value, 0.0);
  EXPECT_LT(far->p_value, 1e-100);
  // Normal approximation with continuity correction: z = (|1050 - 950| - 1) / sqrt(2000) = 2.2137, p = 0.02685.
  EXPECT_NEAR(mcnemar_exact(950, 1050)->p_value, 0.02685, 2e-4);
}

TEST(McNemarExact, CountsDiscordantReviews) {
  const Result<McNemar> result = mcnemar_exact(std::vector<int>{1, 1, 0, 0, 1}, std::vector<int>{1, 0, 1, 0, 0});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->only_first_right, 2);
  EXPECT_EQ(result->only_second_right, 1);
  EXPECT_FALSE(mcnemar_exact(std::vector<int>{1}, std::vector<int>{}).ok());
  EXPECT_FALSE(mcnemar_exact(std::vector<int>{2}, std::vector<int>{0}).ok());
}

TEST(PairedDifference, IsNarrowWhenThePairsMoveTogether) {
  std::vector<double> first;
  std::vector<double> second;
  CounterRandom random(11);
  for (int i = 0; i < 200; ++i) {
    first.push_back(random.below(1000));
    second.push_back(first.back() + 5.0 + random.below(3));
  }
  const Result<PairedDifference> result = paired_difference(first, second);
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->difference, 6.0, 0.3);
  EXPECT_LT(result->interval.low, result->difference);
  EXPECT_GT(result->interval.high, result->difference);
  EXPECT_LT(result->interval.high - result->interval.low, 0.5);  // unpaired it would be about 80
}

}  // namespace
}  // namespace coppice::metrics
