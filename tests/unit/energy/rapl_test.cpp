#include "native/energy/rapl.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/energy/fake_system.h"

namespace coppice::energy {
namespace {

// Two sockets with DRAM, a platform counter, and the second view that must not be counted again.
void two_sockets(const FakeSystem& system) {
  system.zone("intel-rapl:0", "package-0", 1'000'000);
  system.zone("intel-rapl:0/intel-rapl:0:0", "core", 500'000);
  system.zone("intel-rapl:0/intel-rapl:0:1", "dram", 200'000);
  system.zone("intel-rapl:1", "package-1", 2'000'000);
  system.zone("intel-rapl:1/intel-rapl:1:0", "dram", 300'000);
  system.zone("intel-rapl:2", "psys", 9'000'000);
  system.zone("intel-rapl-mmio:0", "package-0", 1'000'000);
}

TEST(RaplZones, TellsDomainsApartAndCountsNothingTwice) {
  const FakeSystem system;
  two_sockets(system);
  const Result<RaplZones> zones = find_rapl_zones(system.paths);
  ASSERT_TRUE(zones.ok()) << zones.status().message();
  ASSERT_EQ(zones->packages.size(), 2U);
  EXPECT_EQ(zones->packages[0].name, "package-0");
  EXPECT_EQ(zones->packages[1].name, "package-1");
  EXPECT_EQ(zones->dram.size(), 2U);
  EXPECT_EQ(zones->platform.size(), 1U);
  EXPECT_EQ(zones->parts.size(), 1U);
}

TEST(RaplZones, WithoutCountersItSaysWhyTheyMayBeMissing) {
  const FakeSystem system;
  const Result<RaplZones> zones = find_rapl_zones(system.paths);
  ASSERT_FALSE(zones.ok());
  EXPECT_EQ(zones.status().code(), StatusCode::kNotFound);
  EXPECT_NE(zones.status().message().find("virtual machine"), std::string::npos);
}

TEST(RaplZones, ADeniedCounterSaysWhyAndHowToGrantAccess) {
  const FakeSystem system;
  system.zone("intel-rapl:0", "package-0", 1);
  const std::filesystem::path counter = system.paths.powercap / "intel-rapl:0" / "energy_uj";
  ASSERT_EQ(::chmod(system.paths.powercap.parent_path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(counter.c_str(), 0), 0);
  // Root may read anything, so root becomes nobody for a moment.
  const bool root = ::geteuid() == 0;
  ASSERT_TRUE(!root || ::seteuid(65534) == 0);
  const Result<RaplZones> zones = find_rapl_zones(system.paths);
  ASSERT_TRUE(!root || ::seteuid(0) == 0);
  ASSERT_FALSE(zones.ok());
  const std::string message = zones.status().message();
  for (const char* expected : {"energy_uj: Permission denied", "chmod g+r", "udev", "without root", "CVE-2020-8694"}) {
    EXPECT_NE(message.find(expected), std::string::npos) << expected << " is not in: " << message;
  }
}

TEST(RaplZones, ACounterThatIsNotThereIsNoMatterOfPermission) {
  const FakeSystem system;
  system.zone("intel-rapl:0", "package-0", 1);
  std::filesystem::remove(system.paths.powercap / "intel-rapl:0" / "energy_uj");
  const Result<RaplZones> zones = find_rapl_zones(system.paths);
  ASSERT_FALSE(zones.ok());
  EXPECT_NE(zones.status().message().find("energy_uj"), std::string::npos);
  EXPECT_EQ(zones.status().message().find("chmod"), std::string::npos) << zones.status().message();
}

struct Fixture {
  explicit Fixture(Scope scope) {
    system.zone("intel-rapl:0", "package-0", 1'000'000, 10'000'000);
    auto zones = find_rapl_zones(system.paths);
    auto made = make_rapl_source(zones->packages, Component::kCpu, scope);
    source = std::move(*made);
  }
  FakeSystem system;
  std::unique_ptr<EnergySource> source;
};

TEST(RaplSource, TheWholeMachineIsMeasured) {
  Fixture f(Scope::kMachine);
  EXPECT_FALSE(f.source->total().has_value());
  f.system.set_counter("intel-rapl:0", 6'000'000);
  f.source->advance(sample_at(0, 0, 0, 0), sample_at(1, 0.1, 1, 2));
  const auto total = f.source->total();
  ASSERT_TRUE(total.has_value());
  EXPECT_DOUBLE_EQ(total->value.value(), 5.0);
  EXPECT_EQ(total->provenance.kind, ProvenanceKind::kMeasured);
  EXPECT_LT(total->low, total->value);
  EXPECT_GT(total->low.value(), 4.98);
}

TEST(RaplSource, AProcessIsChargedItsShareAndNotTheHost) {
  Fixture f(Scope::kProcess);
  f.system.set_counter("intel-rapl:0", 9'000'000);  // 8 J
  f.source->advance(sample_at(0, 0, 0, 0), sample_at(1, 0.5, 2.0, 4.0));
  const auto total = f.source->total();
  ASSERT_TRUE(total.has_value());
  EXPECT_DOUBLE_EQ(total->value.value(), 2.0);  // a quarter of the busy time
  EXPECT_NEAR(total->low.value(), 1.0, 0.01);   // an eighth of the capacity
  EXPECT_EQ(total->provenance.kind, ProvenanceKind::kMixed);
}

TEST(RaplSource, AWrapIsAddedUpAndAResetIsNot) {
  Fixture f(Scope::kMachine);
  f.system.set_counter("intel-rapl:0", 9'000'000);
  f.source->advance(sample_at(0, 0, 0, 0), sample_at(1, 0, 1, 2));
  f.system.set_counter("intel-rapl:0", 2'000'000);  // 10 - 9 + 2 = 3 J
  f.source->advance(sample_at(1, 0, 1, 2), sample_at(2, 0, 2, 4));
  EXPECT_DOUBLE_EQ(f.source->total()->value.value(), 11.0);
  EXPECT_TRUE(f.source->warnings().empty());
}

TEST(RaplSource, AJumpBackThatIsNoWrapIsLeftOutAndFilledAsModelled) {
  const FakeSystem system;
  system.zone("intel-rapl:0", "package-0", 1'000'000, 200'000'000'000'000);
  auto zones = find_rapl_zones(system.paths);
  auto source = std::move(*make_rapl_source(zones->packages, Component::kCpu, Scope::kMachine));
  system.set_counter("intel-rapl:0", 11'000'000);
  source->advance(sample_at(0, 0, 0, 0), sample_at(1, 0, 1, 2));
  system.set_counter("intel-rapl:0", 5);  // as after a reset: a wrap would mean 200 MJ in a second
  source->advance(sample_at(1, 0, 1, 2), sample_at(2, 0, 2, 4));
  system.set_counter("intel-rapl:0", 10'000'005);
  source->advance(sample_at(2, 0, 2, 4), sample_at(3, 0, 3, 6));
  const auto total = source->total();
  ASSERT_TRUE(total.has_value());
  EXPECT_NEAR(total->value.value(), 30.0, 1e-9);  // two intervals of 10 J, the middle one at their mean
  EXPECT_EQ(total->provenance.kind, ProvenanceKind::kMixed);
  EXPECT_NE(total->provenance.method.find("modelled"), std::string::npos);
  ASSERT_EQ(source->warnings().size(), 1U);
  EXPECT_NE(source->warnings()[0].find("jumped"), std::string::npos);
}

TEST(RaplSource, ACounterThatVanishesAndComesBackLosesNothing) {
  Fixture f(Scope::kMachine);
  f.system.set_counter("intel-rapl:0", 2'000'000);
  f.source->advance(sample_at(0, 0, 0, 0), sample_at(1, 0, 1, 2));
  std::filesystem::remove(f.system.paths.powercap / "intel-rapl:0" / "energy_uj");
  f.source->advance(sample_at(1, 0, 1, 2), sample_at(2, 0, 2, 4));
  EXPECT_NEAR(f.source->total()->value.value(), 2.0, 1e-9);  // 1 J read, 1 J filled at the mean
  f.system.set_counter("intel-rapl:0", 4'500'000);
  f.source->advance(sample_at(2, 0, 2, 4), sample_at(3, 0, 3, 6));
  EXPECT_NEAR(f.source->total()->value.value(), 3.5, 1e-9);  // the reading covers the gap
  ASSERT_EQ(f.source->warnings().size(), 1U);
  EXPECT_NE(f.source->warnings()[0].find("no longer"), std::string::npos);
}

TEST(RaplSource, GarbageInTheCounterIsNoReading) {
  Fixture f(Scope::kMachine);
  for (const char* garbage : {"12abc\n", "-5000000\n", "", "99999999999999999999999\n"}) {
    f.system.write(f.system.paths.powercap / "intel-rapl:0" / "energy_uj", garbage);
    f.source->advance(sample_at(0, 0, 0, 0), sample_at(1, 0, 1, 2));
    EXPECT_FALSE(f.source->total().has_value()) << garbage;
  }
  EXPECT_EQ(f.source->warnings().size(), 4U);
}

TEST(RaplSource, MoreThanAnyProcessorDrawsIsLeftOut) {
  Fixture f(Scope::kMachine);
  f.system.set_counter("intel-rapl:0", 2'000'000);
  f.source->advance(sample_at(0, 0, 0, 0), sample_at(1, 0, 1, 2));
  f.system.set_counter("intel-rapl:0", 9'000'000'000);  // 9 kJ in a second
  f.source->advance(sample_at(1, 0, 1, 2), sample_at(2, 0, 2, 4));
  EXPECT_NEAR(f.source->total()->value.value(), 2.0, 1e-9);  // 1 J read, 1 J at the mean
  EXPECT_NE(f.source->warnings().at(0).find("jumped"), std::string::npos);
}

TEST(RaplSource, TimesThatGoBackTellNoShareAndTheNextLookCoversThem) {
  Fixture f(Scope::kProcess);
  f.system.set_counter("intel-rapl:0", 2'000'000);
  f.source->advance(sample_at(0, 0, 10, 20), sample_at(1, 0.5, 9, 21));
  EXPECT_FALSE(f.source->total().has_value());
  f.system.set_counter("intel-rapl:0", 3'000'000);
  f.source->advance(sample_at(1, 0.5, 9, 21), sample_at(2, 1, 10, 23));
  EXPECT_DOUBLE_EQ(f.source->total()->value.value(), 1.0);  // half of the 2 J
}

TEST(RaplSource, ACounterThatWasNotWrittenInAShortRunIsAbsentAndSaysSo) {
  Fixture f(Scope::kMachine);
  f.source->advance(sample_at(0, 0, 0, 0), sample_at(0.05, 0, 0.05, 0.1));
  EXPECT_FALSE(f.source->total().has_value());
  EXPECT_NE(f.source->warnings().at(0).find("absent"), std::string::npos);
}

TEST(RaplSource, ACounterThatStandsStillIsReported) {
  Fixture f(Scope::kMachine);
  f.system.set_counter("intel-rapl:0", 2'000'000);
  f.source->advance(sample_at(0, 0, 0, 0), sample_at(1, 0, 1, 2));
  for (int second = 1; second < 6; ++second) {
    f.source->advance(sample_at(second, 0, second, 2 * second), sample_at(second + 1, 0, second + 1, 2 * second + 2));
  }
  ASSERT_EQ(f.source->warnings().size(), 1U);
  EXPECT_NE(f.source->warnings()[0].find("stands still"), std::string::npos);
  EXPECT_NEAR(f.source->total()->value.value(), 6.0, 1e-9);
  EXPECT_EQ(f.source->total()->provenance.kind, ProvenanceKind::kMixed);
}

TEST(RaplSource, WithoutMachineTimeThereIsNoShare) {
  Fixture f(Scope::kProcess);
  f.system.set_counter("intel-rapl:0", 2'000'000);
  Sample before = sample_at(0, 0, 0, 0);
  Sample now = sample_at(1, 0.5, 1, 2);
  before.machine.reset();
  now.machine.reset();
  f.source->advance(before, now);
  EXPECT_FALSE(f.source->total().has_value());
  EXPECT_EQ(f.source->warnings().size(), 1U);
}

}  // namespace
}  // namespace coppice::energy
