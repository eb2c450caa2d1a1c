#include "native/energy/gpu_meter.h"

#include <gtest/gtest.h>

namespace coppice::energy {
namespace {

constexpr GpuShare kWhole{1.0, 1.0, 1.0, GpuShareBasis::kWhole};

GpuReading counter(double joules) { return {joules, std::nullopt}; }
GpuReading power(double watts) { return {std::nullopt, watts}; }
GpuReading both(double joules, double watts) { return {joules, watts}; }

TEST(GpuMeter, CountsByTheCounterWithSlackAtTheEnds) {
  GpuMeter meter(both(1000, 200));
  EXPECT_FALSE(meter.total().has_value());
  for (int second = 1; second <= 10; ++second) EXPECT_EQ(meter.advance(1, both(1000 + 200 * second, 200), kWhole), "");
  const auto total = meter.total();
  ASSERT_TRUE(total.has_value());
  EXPECT_DOUBLE_EQ(total->joules, 2000);
  // The sensor's 5 % and 0.1 s of 200 W.
  EXPECT_NEAR(total->low, 1900 - 20, 1e-9);
  EXPECT_NEAR(total->high, 2100 + 20, 1e-9);
  EXPECT_TRUE(total->counted);
  EXPECT_FALSE(total->polled);
  EXPECT_FALSE(total->filled);
}

TEST(GpuMeter, AShareIsTakenOfEachInterval) {
  GpuMeter meter(counter(0));
  meter.advance(1, counter(100), {0.1, 0.5, 0.6, GpuShareBasis::kUtilisation});
  meter.advance(1, counter(200), {0.0, 0.0, 0.0, GpuShareBasis::kNotThere});
  const auto total = meter.total();
  ASSERT_TRUE(total.has_value());
  EXPECT_DOUBLE_EQ(total->joules, 50);
  EXPECT_LE(total->low, 10);
  EXPECT_GE(total->high, 60);
}

TEST(GpuMeter, WithoutACounterPowerReadingsAreJoinedByLines) {
  GpuMeter meter(power(100));
  EXPECT_FALSE(meter.has_counter());
  meter.advance(1, power(200), kWhole);
  meter.advance(2, power(200), kWhole);
  const auto total = meter.total();
  ASSERT_TRUE(total.has_value());
  EXPECT_DOUBLE_EQ(total->joules, 150 + 400);
  EXPECT_TRUE(total->polled);
  EXPECT_FALSE(total->counted);
  // Neighbours, 5 %, and a swing of 100 W that a mean over one second may hide.
  EXPECT_NEAR(total->low, 0.95 * 500 - 100, 1e-9);
  EXPECT_NEAR(total->high, 1.05 * 600 + 100, 1e-9);
}

TEST(GpuMeter, SteadyPowerHasNoSwing) {
  GpuMeter meter(power(100));
  for (int i = 0; i < 100; ++i) meter.advance(1, power(100), kWhole);
  EXPECT_NEAR(meter.total()->low, 9500, 1e-6);
  EXPECT_NEAR(meter.total()->high, 10500, 1e-6);
}

TEST(GpuMeter, ARunShorterThanTheCountersPeriodHasItsPowerReadingsAndAWideInterval) {
  GpuMeter meter(both(1000, 300));
  meter.advance(0.05, both(1000, 300), kWhole);
  const auto total = meter.total();
  ASSERT_TRUE(total.has_value());
  EXPECT_DOUBLE_EQ(total->joules, 15);
  EXPECT_EQ(total->low, 0.0);
  EXPECT_GE(total->high, 15 + 30);  // the counter may be 0.1 s late
  EXPECT_TRUE(total->polled);
}

TEST(GpuMeter, AShortRunWithOneStepOfTheCounterMayBeNothingOrTwice) {
  GpuMeter meter(counter(1000));
  meter.advance(0.05, counter(1030), kWhole);
  const auto total = meter.total();
  ASSERT_TRUE(total.has_value());
  EXPECT_DOUBLE_EQ(total->joules, 30);
  EXPECT_EQ(total->low, 0.0);
  EXPECT_GE(total->high, 60.0);
}

TEST(GpuMeter, WithoutPowerAShortRunIsAbsentAndNotZero) {
  GpuMeter meter(counter(1000));
  meter.advance(0.05, counter(1000), kWhole);
  EXPECT_FALSE(meter.total().has_value());
}

TEST(GpuMeter, ACounterThatGoesBackIsLeftOutAndPowerStandsIn) {
  GpuMeter meter(both(1000, 100));
  meter.advance(1, both(1100, 100), kWhole);
  EXPECT_NE(meter.advance(1, both(5, 100), kWhole).find("jumped back"), std::string::npos);
  EXPECT_EQ(meter.advance(1, both(105, 100), kWhole), "");
  const auto total = meter.total();
  EXPECT_DOUBLE_EQ(total->joules, 300);
  EXPECT_TRUE(total->counted);
  EXPECT_TRUE(total->polled);
  EXPECT_FALSE(total->filled);
}

TEST(GpuMeter, WithoutPowerTheGapIsFilledAtTheMeanAndSaysSo) {
  GpuMeter meter(counter(1000));
  meter.advance(1, counter(1100), kWhole);
  meter.advance(1, counter(5), kWhole);
  meter.advance(1, counter(105), kWhole);
  const auto total = meter.total();
  EXPECT_DOUBLE_EQ(total->joules, 300);
  EXPECT_TRUE(total->filled);
  EXPECT_LT(total->low, 200.0);
}

TEST(GpuMeter, MoreThanAnyDeviceDrawsIsNoReading) {
  GpuMeter meter(both(0, 100));
  EXPECT_NE(meter.advance(1, both(3400, 100), kWhole).find("3000 W"), std::string::npos);
  EXPECT_DOUBLE_EQ(meter.total()->joules, 100);
  GpuMeter polling(power(100));
  EXPECT_NE(polling.advance(1, power(4294967), kWhole), "");
  EXPECT_NE(polling.advance(1, power(0), kWhole), "");
  EXPECT_FALSE(polling.total().has_value());
}

TEST(GpuMeter, ACounterThatStandsStillIsReplacedByPower) {
  GpuMeter meter(both(0, 100));
  meter.advance(1, both(100, 100), kWhole);
  std::string problem;
  for (int second = 0; second < 5; ++second) problem = meter.advance(1, both(100, 100), kWhole);
  EXPECT_NE(problem.find("stands still"), std::string::npos);
  EXPECT_DOUBLE_EQ(meter.total()->joules, 600);
  EXPECT_TRUE(meter.total()->polled);
  // It moves again: nobody knows what of the gap is in that step.
  meter.advance(1, both(150, 100), kWhole);
  EXPECT_DOUBLE_EQ(meter.total()->joules, 700);
  meter.advance(1, both(250, 100), kWhole);
  EXPECT_DOUBLE_EQ(meter.total()->joules, 800);
}

TEST(GpuMeter, ALostDeviceKeepsWhatWasReadAndAReturningOneCoversTheGap) {
  GpuMeter meter(both(0, 100));
  meter.advance(1, both(100, 100), kWhole);
  EXPECT_NE(meter.advance(1, {}, kWhole), "");
  const auto lost = meter.total();
  EXPECT_DOUBLE_EQ(lost->joules, 200);  // one second read, one at the mean
  EXPECT_TRUE(lost->filled);
  EXPECT_LT(lost->low, 100.0);
  meter.advance(1, both(280, 100), kWhole);
  EXPECT_DOUBLE_EQ(meter.total()->joules, 280);
  EXPECT_FALSE(meter.total()->filled);
}

}  // namespace
}  // namespace coppice::energy
