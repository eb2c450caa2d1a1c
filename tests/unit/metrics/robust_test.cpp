#include "shared/metrics/robust.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace coppice::metrics {
namespace {

TEST(Robust, PercentilesInterpolateAsNumpyDoes) {
  const std::vector<double> values{4.0, 1.0, 3.0, 2.0};
  EXPECT_DOUBLE_EQ(*percentile(values, 0), 1.0);
  EXPECT_DOUBLE_EQ(*percentile(values, 25), 1.75);
  EXPECT_DOUBLE_EQ(*percentile(values, 95), 3.85);
  EXPECT_DOUBLE_EQ(*percentile(values, 100), 4.0);
  EXPECT_DOUBLE_EQ(*median(values), 2.5);
  EXPECT_DOUBLE_EQ(*median(std::vector<double>{7.0}), 7.0);
}

TEST(Robust, MedianAbsoluteDeviationIgnoresOneOutlier) {
  EXPECT_DOUBLE_EQ(*median_absolute_deviation(std::vector<double>{1, 2, 3, 4, 1000}), 1.0);
}

TEST(Robust, RefusesEmptyListsAndNaN) {
  EXPECT_FALSE(median({}).ok());
  EXPECT_FALSE(median(std::vector<double>{1.0, std::numeric_limits<double>::quiet_NaN()}).ok());
  EXPECT_FALSE(median_interval({}).ok());
  EXPECT_FALSE(percentile(std::vector<double>{1.0}, 101).ok());
}

TEST(Robust, MedianIntervalHoldsTheMedianAndNarrowsWithMoreData) {
  std::vector<double> few;
  std::vector<double> many;
  CounterRandom random(3);
  for (int i = 0; i < 1000; ++i) {
    const double value = random.below(10000) / 100.0;
    if (i < 20) few.push_back(value);
    many.push_back(value);
  }
  const Result<Interval> wide = median_interval(few);
  const Result<Interval> narrow = median_interval(many);
  ASSERT_TRUE(wide.ok() && narrow.ok());
  EXPECT_LE(wide->low, *median(few));
  EXPECT_GE(wide->high, *median(few));
  EXPECT_LE(narrow->low, *median(many));
  EXPECT_GE(narrow->high, *median(many));
  EXPECT_LT(narrow->high - narrow->low, 0.5 * (wide->high - wide->low));
  const Result<Interval> single = median_interval(std::vector<double>{5.0});
  ASSERT_TRUE(single.ok());
  EXPECT_EQ(single->low, 5.0);
  EXPECT_EQ(single->high, 5.0);
}

TEST(Robust, RandomNumbersAreTheSameEverywhere) {
  CounterRandom random(1);
  const std::vector<uint64_t> seen{random.next(), random.next(), random.next()};
  CounterRandom again(1);
  for (const uint64_t value : seen) EXPECT_EQ(again.next(), value);
  CounterRandom range(2);
  std::vector<int> counts(10);
  for (int i = 0; i < 100000; ++i) ++counts[range.below(10)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 500);  // 5 standard deviations
}

// The same resamples give the same interval of the median by either function.
TEST(Robust, APercentilesIntervalIsTheMediansAtFifty) {
  for (const int n : {1, 2, 7, 40}) {
    std::vector<double> values;
    for (int i = 0; i < n; ++i) values.push_back(static_cast<double>((i * 37) % 101));
    const Result<Interval> median = median_interval(values, 500);
    const Result<Interval> fifty = percentile_interval(values, 50.0, 500);
    ASSERT_TRUE(median.ok() && fifty.ok());
    EXPECT_DOUBLE_EQ(fifty->low, median->low) << n;
    EXPECT_DOUBLE_EQ(fifty->high, median->high) << n;
  }
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back(static_cast<double>(i));
  const Result<Interval> tail = percentile_interval(values, 95.0);
  ASSERT_TRUE(tail.ok());
  // Of 0..199 the 95th percentile is 189; its standard error by order statistics is sqrt(0.95 x 0.05 x 200) = 3.1
  // ranks.
  EXPECT_NEAR(tail->low, 189.0 - 1.96 * 3.1, 2.0);
  EXPECT_NEAR(tail->high, 189.0 + 1.96 * 3.1, 2.0);
  EXPECT_DOUBLE_EQ(percentile_interval(values, 100.0)->high, 199.0);
  EXPECT_FALSE(percentile_interval(values, 101.0).ok());
  EXPECT_FALSE(percentile_interval({}, 50.0).ok());
  EXPECT_FALSE(percentile_interval(values, 50.0, 0).ok());
}

}  // namespace
}  // namespace coppice::metrics
