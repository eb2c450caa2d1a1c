#include "shared/compare/set_curves.h"

#include <gtest/gtest.h>

namespace coppice::compare {
namespace {

TimePoints times(std::vector<double> milliseconds) {
  return {std::vector<double>(milliseconds.size(), 10.0), std::move(milliseconds)};
}

TEST(RobustTop, OneStalledRunDoesNotStretchTheAxis) {
  std::vector<double> milliseconds;
  for (int i = 0; i < 99; ++i) milliseconds.push_back(40.0 + 0.1 * i);
  milliseconds.push_back(2000);
  EXPECT_DOUBLE_EQ(robust_top({times(milliseconds)}), 49.8);
}

TEST(RobustTop, LongReviewsAreNoOutliers) {
  std::vector<double> milliseconds;
  for (int i = 1; i <= 100; ++i) milliseconds.push_back(i);  // as long as the text is
  EXPECT_DOUBLE_EQ(robust_top({times(milliseconds)}), 100);
}

TEST(RobustTop, AFastModelBesideASlowOneLeavesTheSlowOneInside) {
  EXPECT_DOUBLE_EQ(robust_top({times({0.1, 0.1, 0.1, 0.1}), times({50, 52, 54, 60})}), 60);
}

TEST(RobustTop, ACoarseClockMakesNoOutlier) {
  // Steps of 0.1 ms: the middle half is one value.
  EXPECT_DOUBLE_EQ(robust_top({times({0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2})}), 0.2);
}

TEST(RobustTop, NothingToShow) {
  EXPECT_DOUBLE_EQ(robust_top({}), 0);
  EXPECT_DOUBLE_EQ(robust_top({times({})}), 0);
  EXPECT_DOUBLE_EQ(robust_top({times({3})}), 3);
}

}  // namespace
}  // namespace coppice::compare
