#include "native/energy/idle.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/unit/energy/fake_system.h"

namespace coppice::energy {
namespace {

TEST(IdleBaseline, OfThisMachineHasALoadAndAPowerThatSaysWhatItIs) {
  const IdleBaseline baseline = watch_idle_machine({}, Seconds(0.2), nullptr);
  EXPECT_GE(baseline.duration.value(), 0.2);
  ASSERT_TRUE(baseline.machine_busy_percent);
  EXPECT_GE(*baseline.machine_busy_percent, 0.0);
  EXPECT_LE(*baseline.machine_busy_percent, 100.0);
  ASSERT_TRUE(baseline.machine_power);
  EXPECT_GT(baseline.machine_power->value.value(), 0.0);
  EXPECT_LE(baseline.machine_power->low, baseline.machine_power->value);
  EXPECT_GE(baseline.machine_power->high, baseline.machine_power->value);
  const OrderedJson json = to_json(baseline);
  EXPECT_TRUE(json["machine_power_watts"].contains("provenance"));
}

TEST(IdleBaseline, WithoutAnyFileOfTheSystemIsAbsentAndNotZero) {
  SystemPaths nowhere;
  nowhere.proc = nowhere.powercap = nowhere.cgroup = "/nonexistent";
  const IdleBaseline baseline = watch_idle_machine(nowhere, Seconds(0.05), nullptr);
  EXPECT_FALSE(baseline.machine_busy_percent);
  EXPECT_FALSE(baseline.machine_power);
  EXPECT_FALSE(to_json(baseline).contains("machine_power_watts"));
}

TEST(IdleBaseline, EndsAtOnceWhenInterrupted) {
  const std::atomic<bool> interrupted = true;
  const auto start = std::chrono::steady_clock::now();
  static_cast<void>(watch_idle_machine({}, Seconds(60.0), &interrupted));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace coppice::energy
