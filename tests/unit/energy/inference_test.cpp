// The three models of an inference's energy, each by cases worked out by hand, and the order in which they rank models.
#include <gtest/gtest.h>

#include <vector>

#include "shared/energy/inference/methods.h"
#include "shared/energy/inference/operations.h"
#include "shared/energy/inference/shipped.h"
#include "shared/energy/inference/time_power.h"

namespace coppice::energy {
namespace {

TEST(InferenceMethods, AreFoundByTheirNames) {
  EXPECT_EQ(inference_methods().front().method, InferenceMethod::kTimePower);
  for (const InferenceMethodInfo& info : inference_methods()) {
    EXPECT_EQ(find_inference_method(info.id), info.method);
    EXPECT_STREQ(info_of(info.method).id, info.id);
  }
  EXPECT_FALSE(find_inference_method("guess"));
}

TEST(EnergyByTime, IsTimeTimesPowerAndAStepOfTheClockWidensTheBand) {
  const DevicePreset& phone = *find_device("phone");  // 1 W (0.5 to 3)
  const TimedInference exact{Seconds(0.010), Seconds(0.009), Seconds(0.012), Seconds(0)};
  const Figure<Joules> energy = energy_by_time(exact, phone);
  EXPECT_NEAR(energy.value.value(), 0.010, 1e-15);
  EXPECT_NEAR(energy.low.value(), 0.0045, 1e-15);
  EXPECT_NEAR(energy.high.value(), 0.036, 1e-15);
  EXPECT_EQ(energy.provenance.kind, ProvenanceKind::kModelled);
  TimedInference coarse = exact;
  coarse.clock_error = Seconds(0.001);
  EXPECT_NEAR(energy_by_time(coarse, phone).low.value(), 0.004, 1e-15);
  EXPECT_NEAR(energy_by_time(coarse, phone).high.value(), 0.039, 1e-15);
  coarse.clock_error = Seconds(1);  // a clock of whole seconds knows nothing of a run this short
  EXPECT_EQ(energy_by_time(coarse, phone).low.value(), 0);
}

TEST(OperationEnergy, IsMadeOfHorowitzsFigures) {
  EXPECT_NEAR(operation_energy(false).value, (18.4 + 210 + 40) / 8, 1e-12);
  EXPECT_NEAR(operation_energy(false).low, (73.6 + 70) / 32, 1e-12);
  EXPECT_NEAR(operation_energy(false).high, (4.6 + 210 + 20) / 2, 1e-12);
  EXPECT_NEAR(operation_energy(true).value, (2.4 + 280 + 20) / 16, 1e-12);
  EXPECT_NEAR(operation_energy(true).low, (19.2 + 70) / 128, 1e-12);
  EXPECT_NEAR(operation_energy(true).high, (0.3 + 210 + 20) / 2, 1e-12);
}

TEST(OperationsAt, IsExactForAnEncoderAtAnyLength) {
  // MiniLM-L6-H384: 2 x 10,616,832 a token, and 4 x 384 x 6 for each pair of tokens.
  const auto count = [](int64_t t) { return 21'233'664 * t + 9'216 * t * t; };
  const std::map<int64_t, int64_t> counts = {{128, count(128)}, {256, count(256)}};
  EXPECT_EQ(count(128), 2'868'903'936);
  for (const int64_t tokens : {2, 56, 128, 200, 512}) {
    EXPECT_NEAR(*operations_at(counts, tokens), static_cast<double>(count(tokens)), 1.0) << tokens;
  }
  EXPECT_DOUBLE_EQ(*operations_at({{100, 1000}}, 50), 500);
  EXPECT_FALSE(operations_at({}, 50));
  EXPECT_FALSE(operations_at({{100, 1000}, {200, 10}}, 300));  // fewer operations for more tokens: no encoder
}

std::vector<ShippedInference> two_runs(double short_joules, double long_joules) {
  const auto figure = [](double value) {
    return Figure<Joules>{Joules(value), Joules(value / 2), Joules(value * 2), {ProvenanceKind::kMeasured, "RAPL"}};
  };
  return {{10, figure(short_joules), 1.0}, {30, figure(long_joules), 5.0}};
}

TEST(EnergyAsShipped, LiesOnTheLineBetweenMeasuredLengths) {
  const std::vector<ShippedInference> runs = two_runs(2, 6);
  const auto at = [&](int64_t tokens) { return *energy_as_shipped(runs, tokens); };
  EXPECT_DOUBLE_EQ(at(20).value.value(), 4);
  EXPECT_DOUBLE_EQ(at(20).low.value(), 2);
  EXPECT_DOUBLE_EQ(at(20).high.value(), 8);
  EXPECT_DOUBLE_EQ(at(60).value.value(), 12);  // in proportion beyond the longest
  EXPECT_DOUBLE_EQ(at(1).value.value(), 2);    // as the shortest below it
  EXPECT_DOUBLE_EQ(*milliseconds_as_shipped(runs, 15), 2);
  EXPECT_EQ(at(30).provenance.kind, ProvenanceKind::kMeasured);
  EXPECT_EQ(at(20).provenance.kind, ProvenanceKind::kModelled);  // nobody measured that length
  EXPECT_FALSE(energy_as_shipped({}, 20));
  std::vector<ShippedInference> silent = runs;
  silent[0].median_milliseconds.reset();
  EXPECT_FALSE(milliseconds_as_shipped(silent, 15));
}

TEST(EnergyAsShipped, TakesTheMeanOfRunsOfOneLength) {
  std::vector<ShippedInference> runs = two_runs(2, 6);
  runs.push_back(runs[1]);
  runs[2].energy.value = Joules(8);
  EXPECT_DOUBLE_EQ(energy_as_shipped(runs, 30)->value.value(), 7);
}

// A model with half the operations, two thirds of the time and a native run at 0.6 of the energy is ranked first by all
// three, each by its own factor.
TEST(InferenceMethods, RankTheSmallerModelFirst) {
  const DevicePreset& laptop = *find_device("laptop");
  const auto timed = [](double s) { return TimedInference{Seconds(s), Seconds(s), Seconds(s), Seconds(0)}; };
  EXPECT_NEAR(energy_by_time(timed(0.02), laptop).value / energy_by_time(timed(0.03), laptop).value, 2.0 / 3, 1e-12);
  EXPECT_NEAR(energy_by_operations(1e9, false).value / energy_by_operations(2e9, false).value, 0.5, 1e-12);
  EXPECT_NEAR(energy_as_shipped(two_runs(1.2, 3.6), 20)->value / energy_as_shipped(two_runs(2, 6), 20)->value, 0.6,
              1e-12);
  // The same operations in int8 cost less, by the ratio of the two figures.
  EXPECT_NEAR(energy_by_operations(1e9, true).value / energy_by_operations(1e9, false).value, 18.9 / 33.55, 1e-9);
}

}  // namespace
}  // namespace coppice::energy
