#include "native/energy/detect.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/energy/fake_gpus.h"

namespace coppice::energy {
namespace {

std::vector<SourceState> of(const SystemPaths& paths, const std::string& component, const std::string& name) {
  std::vector<SourceState> found;
  for (const SourceState& state : detect_sources(paths)) {
    if (state.component == component && state.name == name) found.push_back(state);
  }
  return found;
}

TEST(Detect, NamesEachGpuAndHowItIsRead) {
  FakeGpus gpus;
  gpus.set("count", "3");
  gpus.set("0.name", "NVIDIA A100");
  gpus.set("0.energy", "1");
  gpus.set("1.name", "Tesla K80");
  gpus.set("1.power", "50000");
  gpus.set("2.name", "GRID V100");
  const auto states = of(gpus.system.paths, "gpu", "NVML");
  ASSERT_EQ(states.size(), 3U);
  EXPECT_TRUE(states[0].available && states[0].used);
  EXPECT_EQ(states[0].detail, "GPU 0 NVIDIA A100: by its energy counter");
  EXPECT_EQ(states[1].detail, "GPU 1 Tesla K80: by power readings");
  EXPECT_FALSE(states[2].available || states[2].used);
  EXPECT_NE(states[2].detail.find("Not Supported"), std::string::npos) << states[2].detail;
  EXPECT_NE(states[2].detail.find("host"), std::string::npos) << states[2].detail;
}

TEST(Detect, SaysWhyThereIsNoGpuAndHowToGetIt) {
  FakeGpus gpus("/nonexistent/libnvidia-ml.so.1");
  auto states = of(gpus.system.paths, "gpu", "NVML");
  ASSERT_EQ(states.size(), 1U);
  EXPECT_FALSE(states[0].available);
  EXPECT_NE(states[0].detail.find("no NVIDIA GPU"), std::string::npos);
  gpus.plug_in();
  states = of(gpus.system.paths, "gpu", "NVML");
  EXPECT_NE(states[0].detail.find("Install"), std::string::npos) << states[0].detail;
}

TEST(Detect, ARaplTreeIsUsedInsteadOfModels) {
  const FakeSystem system;
  system.zone("intel-rapl:0", "package-0", 1);
  system.zone("intel-rapl:0/intel-rapl:0:0", "dram", 1);
  system.write(system.paths.proc / "meminfo", "MemTotal: 16384000 kB\n");
  EXPECT_TRUE(of(system.paths, "cpu", "RAPL")[0].used);
  EXPECT_FALSE(of(system.paths, "cpu", "model")[0].used);
  EXPECT_TRUE(of(system.paths, "ram", "RAPL dram")[0].used);
  EXPECT_FALSE(of(system.paths, "ram", "model")[0].used);
}

TEST(Detect, TellsTheCgroupAndWhatItLacks) {
  const FakeSystem system;
  EXPECT_FALSE(of(system.paths, "share", "cgroup v2")[0].available);
  system.write(system.paths.proc / "self" / "cgroup", "0::/app\n");
  EXPECT_NE(of(system.paths, "share", "cgroup v2")[0].detail.find("cpu.stat"), std::string::npos);
  system.write(system.paths.cgroup / "app" / "cpu.stat", "usage_usec 5\n");
  EXPECT_TRUE(of(system.paths, "share", "cgroup v2")[0].available);
  EXPECT_NE(of(system.paths, "share", "cgroup v2")[0].detail.find("memory.current"), std::string::npos);
  system.write(system.paths.cgroup / "app" / "memory.current", "5\n");
  EXPECT_EQ(of(system.paths, "share", "cgroup v2")[0].detail.find("memory.current"), std::string::npos);
}

}  // namespace
}  // namespace coppice::energy
