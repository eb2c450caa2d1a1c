#include "shared/engine/kernel_costs.h"

#include <gtest/gtest.h>

#include <cmath>

namespace coppice::engine {
namespace {

// Seconds of a clock that a test turns: each look at it takes `g_step`.
double g_seconds = 0;
double g_step = 0;
double turned_clock() { return g_seconds += g_step; }
void turn_to(double step) {
  g_seconds = 0;
  g_step = step;
}

TEST(KernelCosts, AClockThatStandsStillLeavesTheTable) {
  turn_to(0);
  const KernelCosts table;
  const KernelCosts costs = measure_kernel_costs(&turned_clock, 300);
  EXPECT_EQ(costs.float16, table.float16);
  EXPECT_EQ(costs.sparse, table.sparse);
  EXPECT_EQ(costs.int8, table.int8);
  EXPECT_EQ(costs.sparse_quads, table.sparse_quads);
  EXPECT_EQ(costs.int8_blocks, table.int8_blocks);
}

// Twenty of its steps at most are a time to be believed, so that a product is called four times.
constexpr double kCoarse = 0.021;

TEST(KernelCosts, ProductsAreRunAgainUntilTheirFirstCallsTimeIsOverOrHalfASecond) {
  KernelCosts costs;
  const auto seconds_of = [&](double first_calls) {
    turn_to(kCoarse);
    measure_kernel_costs(&turned_clock, FormatChoice::kDenseInt8, costs, first_calls);
    return g_seconds;
  };
  const double once = seconds_of(0);
  EXPECT_LT(once, 0.4);
  EXPECT_GT(seconds_of(20), once + 0.1);
  EXPECT_LT(seconds_of(20), 0.6 + once);
  const double longest = seconds_of(1e9);
  EXPECT_GT(longest, 0.5);
  EXPECT_LT(longest, 0.6 + once);
}

TEST(KernelCosts, AreAboveZeroAndOfTheFormatsThatThereAre) {
  turn_to(kCoarse);
  const KernelCosts costs = measure_kernel_costs(&turned_clock);
  for (const double cost :
       {costs.float16, costs.sparse, costs.blocks4x1, costs.int8, costs.sparse_quads, costs.sparse_pairs}) {
    EXPECT_GT(cost, 0);
    EXPECT_TRUE(std::isfinite(cost));
  }
  EXPECT_EQ(std::isfinite(costs.int8_blocks), kernels::multiplies_bytes(/*seven_bits=*/true));
}

}  // namespace
}  // namespace coppice::engine
