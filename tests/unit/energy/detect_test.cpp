#include "native/energy/detect.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/energy/fake_system.h"

namespace coppice::energy {
namespace {

std::vector<SourceState> of(const SystemPaths& paths, const std::string& component, const std::string& name) {
  std::vector<SourceState> found;
  for (const SourceState& state : detect_sources(paths)) {
    if (state.component == component && state.name == name) found.push_back(state);
  }
  return found;
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
