#include "shared/engine/calibration_kernel.h"

#include <gtest/gtest.h>

namespace coppice::engine {
namespace {

TEST(CalibrationKernel, DoesTheWorkThatItCounts) {
  EXPECT_EQ(run_calibration_kernel(0).operations, 0);
  EXPECT_EQ(run_calibration_kernel(1000).operations, 64'000);
  EXPECT_EQ(run_calibration_kernel(-5).operations, 0);
  // No round: lanes 1 to 4 and seven more chains, each one higher: 8 x 10 + 4 x 28.
  EXPECT_FLOAT_EQ(run_calibration_kernel(0).checksum, 192);
  // Each chain tends to shift / (1 - scale) = 1 in every lane: 32 of them.
  EXPECT_NEAR(run_calibration_kernel(100'000).checksum, 32, 0.01);
}

}  // namespace
}  // namespace coppice::engine
