#include "shared/energy/break_even.h"

#include <gtest/gtest.h>

#include <cmath>

namespace coppice::energy {
namespace {

Figure<Joules> joules(double value, double low, double high) {
  return {Joules(value), Joules(low), Joules(high), {ProvenanceKind::kModelled, "TDP"}};
}

TEST(BreakEven, IsMakingOverSaving) {
  // Nothing shared: 10 (8 to 12) before, 4 (3 to 5) after saves 6 (3 to 9); 600 (300 to 900) J are repaid after 100.
  const Saving saving = saving_per_inference({joules(10, 8, 12), {}}, {joules(4, 3, 5), {}}, false);
  EXPECT_EQ(saving.value.value(), 6);
  EXPECT_EQ(saving.low.value(), 3);
  EXPECT_EQ(saving.high.value(), 9);
  const BreakEven even = break_even(joules(600, 300, 900), saving);
  EXPECT_FALSE(even.never);
  EXPECT_NEAR(even.inferences, 100, 1e-9);
  EXPECT_NEAR(even.low, 300.0 / 9, 1e-9);
  EXPECT_NEAR(even.high, 900.0 / 3, 1e-9);
}

TEST(BreakEven, IsNeverWhereTheIntervalHoldsNoSaving) {
  // The bands touch: 8 is in both.
  EXPECT_TRUE(
      break_even(joules(1, 1, 1), saving_per_inference({joules(10, 8, 12), {}}, {joules(6, 4, 8), {}}, false)).never);
  EXPECT_TRUE(
      break_even(joules(1, 1, 1), saving_per_inference({joules(4, 3, 5), {}}, {joules(10, 9, 11), {}}, false)).never);
}

TEST(BreakEven, APowerBothShareDoesNotHideADifferenceOfTimes) {
  // Power within half and double: bands of 5..20 and 2.5..10 overlap, yet whatever the power is, half is saved.
  const InferenceCost before{joules(10, 5, 20), 0.01};
  const InferenceCost after{joules(5, 2.5, 10), 0.01};
  EXPECT_TRUE(break_even(joules(1, 1, 1), saving_per_inference(before, after, false)).never);
  const Saving saving = saving_per_inference(before, after, true);
  const double error = 1.959963984540054 * std::hypot(0.1, 0.05);
  EXPECT_NEAR(saving.low.value(), (5 - error) * 0.5, 1e-12);
  EXPECT_NEAR(saving.high.value(), (5 + error) * 2, 1e-12);
  EXPECT_FALSE(break_even(joules(1, 1, 1), saving).never);
}

TEST(BreakEven, TimesWithinTheirErrorSaveNothingForCertain) {
  const Saving saving = saving_per_inference({joules(10, 5, 20), 0.05}, {joules(9.5, 4.75, 19), 0.05}, true);
  EXPECT_LT(saving.low.value(), 0);
  EXPECT_GT(saving.high.value(), 0);
  EXPECT_TRUE(break_even(joules(1, 1, 1), saving).never);
}

TEST(BreakEven, RatioOfTwoEnergies) {
  const InferenceCost before{joules(10, 5, 20), 0.03};
  const InferenceCost after{joules(5, 2.5, 10), 0.04};
  const EnergyRatio apart = energy_ratio(before, after, false);
  EXPECT_EQ(apart.value, 0.5);
  EXPECT_EQ(apart.low, 2.5 / 20);
  EXPECT_EQ(apart.high, 10.0 / 5);
  // One power behind both: what is left is the error of the times, 5 % by hypot.
  const EnergyRatio shared = energy_ratio(before, after, true);
  EXPECT_EQ(shared.value, 0.5);
  EXPECT_NEAR(shared.low, 0.5 * std::exp(-1.959963984540054 * 0.05), 1e-12);
  EXPECT_NEAR(shared.high, 0.5 * std::exp(1.959963984540054 * 0.05), 1e-12);
}

TEST(BreakEven, ErrorOfAMedian) {
  // 1.2533 x 1.4826 x 2 / sqrt(16) / 50.
  EXPECT_NEAR(relative_error_of_median(50, 2, 16), 1.2533141373155003 * 1.4826022185056018 * 2 / 4 / 50, 1e-15);
  EXPECT_EQ(relative_error_of_median(0, 2, 16), 0);
  EXPECT_EQ(relative_error_of_median(50, 2, 0), 0);
}

}  // namespace
}  // namespace coppice::energy
