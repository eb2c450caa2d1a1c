// A cgroup v2 is charged its share and not the host's, on a tree as the kernel shows it.
#include <gtest/gtest.h>

#include "native/energy/tracker.h"
#include "tests/unit/energy/fake_gpus.h"

namespace coppice::energy {
namespace {

std::string cpu_stat(double seconds) {
  return "usage_usec " + std::to_string(static_cast<long long>(seconds * 1e6)) +
         "\nuser_usec 1500000\nsystem_usec 500000\ncore_sched.force_idle_usec 0\nnr_periods 0\nnr_throttled 0\n"
         "throttled_usec 0\nnr_bursts 0\nburst_usec 0\n";
}

// A machine of two processors that was busy for `busy` seconds of `total`.
std::string proc_stat(double busy, double total) {
  const auto ticks = [](double seconds) { return std::to_string(static_cast<long long>(seconds * 100)); };
  return "cpu  " + ticks(busy) + " 0 0 " + ticks(total - busy) + " 0 0 0 0 0 0\ncpu0 1 1 1 1\ncpu1 1 1 1 1\n";
}

struct Host {
  explicit Host(const std::string& own = "/app.slice/one.scope") {
    system.write(system.paths.proc / "self" / "cgroup", "1:name=systemd:/x\n0::" + own + "\n");
    system.write(system.paths.proc / "meminfo", "MemTotal:       16777216 kB\n");
    system.zone("intel-rapl:0", "package-0", 1'000'000);
    at(0, 0, 0, 1);
  }
  // The container has used `used` CPU seconds and holds `gigabytes`.
  void at(double used, double busy, double total, double gigabytes) const {
    const auto folder = system.paths.cgroup / "app.slice" / "one.scope";
    system.write(folder / "cpu.stat", cpu_stat(100 + used));
    system.write(folder / "memory.current", std::to_string(static_cast<long long>(gigabytes * 1073741824.0)) + "\n");
    system.write(system.paths.proc / "stat", proc_stat(1000 + busy, 5000 + total));
  }
  [[nodiscard]] TrackerOptions options() const {
    TrackerOptions options;
    options.scope = Scope::kContainer;
    options.paths = system.paths;
    options.clocks = clock.clocks();
    return options;
  }
  FakeSystem system;
  FakeClock clock;
};

TEST(Cgroup, TellsItsOwnTimeAndMemory) {
  const Host host;
  const auto folder = cgroup_of(host.system.paths, "self");
  ASSERT_TRUE(folder.has_value());
  EXPECT_EQ(*folder, host.system.paths.cgroup / "app.slice" / "one.scope");
  EXPECT_DOUBLE_EQ(cgroup_usage(*folder)->cpu_time.value(), 100);
  EXPECT_DOUBLE_EQ(cgroup_usage(*folder)->resident_bytes.value(), 1073741824.0);
  host.system.write(*folder / "cpu.stat", "user_usec 5\n");
  EXPECT_EQ(cgroup_usage(*folder).status().code(), StatusCode::kInvalidInput);
}

TEST(ContainerScope, IsChargedItsShareOfBusyTimeAndOfMemory) {
  const Host host;
  auto tracker = EnergyTracker::start(host.options());
  ASSERT_TRUE(tracker.ok()) << tracker.status().message();
  host.at(2, 8, 20, 1);
  host.system.set_counter("intel-rapl:0", 41'000'000);  // 40 J
  host.clock.pass(10);
  const EnergyReport report = (*tracker)->finish();
  EXPECT_DOUBLE_EQ(report.total.duration.value(), 10);
  EXPECT_NEAR(report.total.cpu_time.value(), 2, 1e-6);
  ASSERT_EQ(report.components.size(), 2U);
  EXPECT_NEAR(report.components[0].energy->value.value(), 10, 1e-6);              // a quarter of the busy time
  EXPECT_NEAR(report.components[0].energy->low.value(), 4, 0.1);                  // a tenth of the capacity
  EXPECT_NEAR(report.components[1].energy->value.value(), 10 * 10.0 / 16, 1e-6);  // 10 W for 16 GB, 1 GB held
  EXPECT_NEAR(*report.cpu_utilisation_percent, 10, 1e-6);
  const OrderedJson json = to_json(report);
  EXPECT_EQ(json["scope"], "container");
  EXPECT_EQ(json["cgroup"], (host.system.paths.cgroup / "app.slice/one.scope").string());
}

TEST(ContainerScope, AnyCgroupCanBeNamed) {
  const Host host("/elsewhere");
  TrackerOptions options = host.options();
  EXPECT_EQ(EnergyTracker::start(options).status().code(), StatusCode::kNotFound);  // its own has no cpu.stat
  for (const std::filesystem::path& path :
       {std::filesystem::path("app.slice/one.scope"), host.system.paths.cgroup / "app.slice/one.scope"}) {
    options.cgroup = path;
    auto tracker = EnergyTracker::start(options);
    EXPECT_TRUE(tracker.ok()) << tracker.status().message();
  }
}

TEST(ContainerScope, WhatCannotBeChargedIsAnErrorThatNamesTheFile) {
  const Host host;
  TrackerOptions options = host.options();
  options.cgroup = "no.scope";
  auto tracker = EnergyTracker::start(options);
  ASSERT_FALSE(tracker.ok());
  EXPECT_NE(tracker.status().message().find("no.scope/cpu.stat"), std::string::npos) << tracker.status().message();
  options.scope = Scope::kProcess;
  EXPECT_EQ(EnergyTracker::start(options).status().code(), StatusCode::kInvalidUsage);
  host.system.write(host.system.paths.proc / "self" / "cgroup", "4:cpu:/\n3:memory:/\n");
  options.scope = Scope::kContainer;
  options.cgroup.clear();
  tracker = EnergyTracker::start(options);
  EXPECT_EQ(tracker.status().code(), StatusCode::kUnsupported);
  EXPECT_NE(tracker.status().message().find("0::"), std::string::npos);
}

TEST(ContainerScope, WithoutMemoryCurrentTheEnergyOfMemoryIsAbsent) {
  const Host host;
  std::filesystem::remove(host.system.paths.cgroup / "app.slice/one.scope/memory.current");
  auto tracker = EnergyTracker::start(host.options());
  ASSERT_TRUE(tracker.ok()) << tracker.status().message();
  host.system.set_counter("intel-rapl:0", 2'000'000);
  host.clock.pass(10);
  const EnergyReport report = (*tracker)->finish();
  ASSERT_EQ(report.components.size(), 2U);
  EXPECT_FALSE(report.components[1].energy.has_value());
  EXPECT_FALSE(report.mean_resident_bytes.has_value());
  EXPECT_FALSE(to_json(report).contains("mean_resident_bytes"));
  ASSERT_FALSE(report.notes.empty());
  EXPECT_NE(report.notes.back().find("memory"), std::string::npos);
}

TEST(ContainerScope, ACgroupThatEndsKeepsItsTime) {
  const Host host;
  auto tracker = EnergyTracker::start(host.options());
  ASSERT_TRUE(tracker.ok()) << tracker.status().message();
  host.at(2, 8, 20, 1);
  host.clock.pass(10);
  EXPECT_NEAR((*tracker)->now().cpu_time.value(), 2, 1e-6);
  std::filesystem::remove_all(host.system.paths.cgroup / "app.slice/one.scope");
  host.clock.pass(10);
  const EnergyReport report = (*tracker)->finish();
  EXPECT_NEAR(report.total.cpu_time.value(), 2, 1e-6);
  bool told = false;
  for (const std::string& note : report.notes) told = told || note.find("has gone") != std::string::npos;
  EXPECT_TRUE(told);
}

TEST(ContainerScope, GpusAreChargedByTheProcessesOfTheCgroup) {
  FakeGpus gpus;
  gpus.set("count", "1");
  gpus.set("0.energy", "1000000");
  gpus.set("0.processes", "10 20");
  const SystemPaths& paths = gpus.system.paths;
  for (const auto& [pid, cgroup] : {std::pair{"10", "/app"}, std::pair{"20", "/other"}}) {
    gpus.system.write(paths.proc / pid / "cgroup", std::string("0::") + cgroup + "\n");
    gpus.system.write(paths.proc / pid / "stat",
                      std::string(pid) + " (p) S 1 1 1 0 -1 0 0 0 0 0 1 1 2 3 20 0 1 0 5 1000 10 1 1\n");
  }
  gpus.system.write(paths.cgroup / "app" / "cpu.stat", cpu_stat(1));
  const FakeClock clock;
  TrackerOptions options;
  options.scope = Scope::kContainer;
  options.cgroup = "app";
  options.paths = paths;
  options.clocks = clock.clocks();
  auto tracker = EnergyTracker::start(std::move(options));
  ASSERT_TRUE(tracker.ok()) << tracker.status().message();
  gpus.set("0.samples", "10:1000:25 20:1000:75");
  gpus.set("0.energy", "1200000");
  clock.pass(1);
  const EnergyReport report = (*tracker)->finish();
  ASSERT_EQ(report.components.back().component, Component::kGpu);
  EXPECT_DOUBLE_EQ(report.components.back().energy->value.value(), 50);
}

}  // namespace
}  // namespace coppice::energy
