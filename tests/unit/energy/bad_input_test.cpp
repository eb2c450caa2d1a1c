// What machines do to a tracker: clocks that are set, suspend, counters that fail, short runs, unknown processors.
#include <gtest/gtest.h>

#include "native/energy/tracker.h"
#include "tests/unit/energy/fake_system.h"

namespace coppice::energy {
namespace {

struct Machine {
  Machine() {
    system.write(system.paths.proc / "meminfo", "MemTotal:       16777216 kB\n");
    system.write(system.paths.proc / "stat", "cpu  100 0 0 100 0 0 0 0 0 0\n");
  }
  [[nodiscard]] std::unique_ptr<EnergyTracker> track(Scope scope = Scope::kMachine) const {
    TrackerOptions options;
    options.scope = scope;
    options.paths = system.paths;
    options.clocks = clock.clocks();
    auto tracker = EnergyTracker::start(std::move(options));
    EXPECT_TRUE(tracker.ok()) << tracker.status().message();
    return tracker.ok() ? std::move(*tracker) : nullptr;
  }
  FakeSystem system;
  FakeClock clock;
};

bool any_contains(const std::vector<std::string>& lines, const std::string& text) {
  for (const std::string& line : lines) {
    if (line.find(text) != std::string::npos) return true;
  }
  return false;
}

TEST(BadClock, SetBackItTakesNoTimeAndNoEnergyAway) {
  const Machine machine;
  machine.system.zone("intel-rapl:0", "package-0", 1'000'000);
  const auto tracker = machine.track();
  machine.clock.pass(10);
  machine.system.set_counter("intel-rapl:0", 101'000'000);
  tracker->begin_phase("work");
  machine.clock.set_back(3600);
  machine.system.set_counter("intel-rapl:0", 102'000'000);
  EXPECT_DOUBLE_EQ(tracker->now().duration.value(), 10);
  machine.clock.pass(5);
  machine.system.set_counter("intel-rapl:0", 151'000'000);
  const EnergyReport report = tracker->finish();
  EXPECT_DOUBLE_EQ(report.total.duration.value(), 15);
  EXPECT_DOUBLE_EQ(report.components[0].energy->value.value(), 150);
  ASSERT_EQ(report.phases.size(), 1U);
  EXPECT_DOUBLE_EQ(report.phases[0].total.duration.value(), 5);
  EXPECT_GE(report.phases[0].total.energy->low.value(), 0);
  EXPECT_TRUE(any_contains(report.notes, "went back"));
}

TEST(BadClock, SuspendedTimeIsCountedApart) {
  const Machine machine;
  machine.system.zone("intel-rapl:0", "package-0", 1'000'000);
  const auto tracker = machine.track();
  machine.clock.pass(10);
  machine.clock.sleep(3600);
  machine.system.set_counter("intel-rapl:0", 101'000'000);
  machine.clock.pass(10);
  const EnergyReport report = tracker->finish();
  EXPECT_DOUBLE_EQ(report.total.duration.value(), 20);
  EXPECT_DOUBLE_EQ(report.suspended.value(), 3600);
  // Memory is modelled by time: the hour asleep is not charged.
  EXPECT_NEAR(report.components[1].energy->value.value(), 10 * 20, 1e-9);
  EXPECT_TRUE(any_contains(report.notes, "suspended"));
  EXPECT_DOUBLE_EQ(to_json(report)["suspended_seconds"].get<double>(), 3600);
}

TEST(BadClock, ACounterThatBeginsAnewAfterTheResumeIsLeftOut) {
  const Machine machine;
  machine.system.zone("intel-rapl:0", "package-0", 500'000'000, 262'143'328'850);
  const auto tracker = machine.track();
  machine.clock.pass(10);
  machine.system.set_counter("intel-rapl:0", 600'000'000);
  EXPECT_TRUE(tracker->now().energy.has_value());
  machine.clock.sleep(3600);
  machine.system.set_counter("intel-rapl:0", 1'000);  // a wrap would be 261 kJ in a second
  machine.clock.pass(1);
  EXPECT_TRUE(tracker->now().energy.has_value());
  machine.system.set_counter("intel-rapl:0", 90'001'000);
  machine.clock.pass(9);
  const EnergyReport report = tracker->finish();
  EXPECT_NEAR(report.components[0].energy->value.value(), 190.0 * 20 / 19, 1e-6);
  EXPECT_TRUE(any_contains(report.notes, "jumped"));
}

TEST(ShortRun, OfFiftyMillisecondsIsMeasuredWithTheSlackOfItsEnds) {
  const auto interval_of = [](double seconds) {
    const Machine machine;
    machine.system.zone("intel-rapl:0", "package-0", 1'000'000);
    const auto tracker = machine.track();
    machine.system.set_counter("intel-rapl:0", 1'000'000 + static_cast<uint64_t>(seconds * 40e6));
    machine.clock.pass(seconds);
    const EnergyReport report = tracker->finish();
    EXPECT_NEAR(report.total.duration.value(), seconds, 1e-9);
    const auto& energy = report.components[0].energy;
    EXPECT_TRUE(energy.has_value());
    if (!energy) return 0.0;
    EXPECT_EQ(energy->provenance.kind, ProvenanceKind::kMeasured);
    EXPECT_NEAR(energy->value.value(), 40 * seconds, 1e-6);
    return (energy->high.value() - energy->low.value()) / energy->value.value();
  };
  // A millisecond at each end, either way: 4 ms of 50 ms, and hardly anything of 10 s.
  EXPECT_NEAR(interval_of(0.05), 0.08, 1e-6);
  EXPECT_NEAR(interval_of(10), 0.0004, 1e-6);
}

TEST(ShortRun, APhaseOfFiftyMillisecondsHasTheSlackOfItsOwnEnds) {
  const Machine machine;
  machine.system.zone("intel-rapl:0", "package-0", 1'000'000);
  const auto tracker = machine.track();
  machine.system.set_counter("intel-rapl:0", 401'000'000);
  machine.clock.pass(10);
  tracker->begin_phase("short");
  machine.system.set_counter("intel-rapl:0", 403'000'000);
  machine.clock.pass(0.05);
  tracker->end_phase();
  const EnergyReport report = tracker->finish();
  ASSERT_EQ(report.phases.size(), 1U);
  const auto& energy = *report.phases[0].total.energy;
  const double memory = 10 * 0.05;  // modelled
  EXPECT_NEAR(energy.value.value(), 2 + memory, 1e-6);
  // 2 ms of 40 W either way, beside the band of the memory.
  EXPECT_NEAR(energy.value.value() - energy.low.value(), 0.08 + memory - 0.3725 * 16 * 0.05, 1e-3);
  EXPECT_NEAR(energy.high.value() - energy.value.value(), 0.08, 1e-3);
}

TEST(ShortRun, OfFiftyMillisecondsIsModelledWithTheBandOfTheModel) {
  const Machine machine;
  machine.system.write(machine.system.paths.proc / "cpuinfo",
                       "processor\t: 0\nmodel name\t: Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz\nflags\t\t: fpu\n");
  const auto tracker = machine.track();
  machine.system.write(machine.system.paths.proc / "stat", "cpu  104 0 0 101 0 0 0 0 0 0\n");  // 4 of 5 ticks busy
  machine.clock.pass(0.05);
  const EnergyReport report = tracker->finish();
  const auto& energy = report.components[0].energy;
  ASSERT_TRUE(energy.has_value());
  EXPECT_NEAR(energy->value.value(), 95 * 0.8 * 0.05, 1e-9);
  EXPECT_EQ(energy->provenance.kind, ProvenanceKind::kModelled);
  EXPECT_LT(energy->low.value(), 0.8 * energy->value.value());
  EXPECT_GT(energy->high.value(), 1.3 * energy->value.value());
}

TEST(UnknownProcessor, ItsThreadsAreCountedElsewhereOrNotKnown) {
  const Machine machine;
  EXPECT_EQ(read_cpu_info(machine.system.paths).threads, 0);
  const auto tracker = machine.track(Scope::kProcess);
  machine.clock.pass(1);
  const EnergyReport report = tracker->finish();
  EXPECT_FALSE(report.cpu_utilisation_percent.has_value());  // of how many is not known: absent, not 0
  EXPECT_FALSE(to_json(report).contains("cpu_utilisation_percent"));
  EXPECT_TRUE(report.total.energy.has_value());
  EXPECT_TRUE(any_contains(report.notes, "no processor listed"));
  machine.system.write(machine.system.paths.proc / "stat", "cpu  100 0 0 100 0 0 0 0\ncpu0 1 1 1 1\ncpu1 1 1 1 1\n");
  EXPECT_EQ(read_cpu_info(machine.system.paths).threads, 2);
}

TEST(Counters, OfOnePlatformAreNeverCountedTwice) {
  const Machine machine;
  const auto& system = machine.system;
  const auto set_all = [&](uint64_t joules) {
    const uint64_t base = joules * 1'000'000;
    system.zone("intel-rapl:0", "package-0", base * 10);
    system.zone("intel-rapl:0/intel-rapl:0:0", "core", base * 6);
    system.zone("intel-rapl:0/intel-rapl:0:1", "uncore", base * 1);
    system.zone("intel-rapl:0/intel-rapl:0:2", "dram", base * 2);
    system.zone("intel-rapl:1", "psys", base * 100);
    system.zone("intel-rapl-mmio:0", "package-0", base * 10);
  };
  set_all(1);
  const auto tracker = machine.track();
  set_all(2);
  machine.clock.pass(1);
  const EnergyReport report = tracker->finish();
  ASSERT_EQ(report.components.size(), 2U);
  EXPECT_DOUBLE_EQ(report.total.energy->value.value(), 12);  // the package and its memory
}

TEST(Counters, APlatformCounterAloneHoldsTheMemoryToo) {
  const Machine machine;
  machine.system.zone("intel-rapl:0", "psys", 1'000'000);
  const auto tracker = machine.track();
  machine.system.set_counter("intel-rapl:0", 31'000'000);
  machine.clock.pass(1);
  const EnergyReport report = tracker->finish();
  ASSERT_EQ(report.components.size(), 1U);
  EXPECT_DOUBLE_EQ(report.total.energy->value.value(), 30);
}

TEST(Counters, OneThatVanishesBeforeItWasReadIsAbsentWithItsReason) {
  const Machine machine;
  machine.system.zone("intel-rapl:0", "package-0", 1'000'000);
  const auto tracker = machine.track();
  std::filesystem::remove_all(machine.system.paths.powercap);
  machine.clock.pass(1);
  const EnergyReport report = tracker->finish();
  EXPECT_FALSE(report.components[0].energy.has_value());
  EXPECT_FALSE(to_json(report)["components"]["cpu"].contains("energy_joules"));
  EXPECT_TRUE(any_contains(report.notes, "package-0 can no longer be read"));
}

}  // namespace
}  // namespace coppice::energy
