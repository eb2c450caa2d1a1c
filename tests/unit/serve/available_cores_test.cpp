#include "native/serve/available_cores.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/energy/fake_system.h"

namespace coppice::serve {
namespace {

TEST(AvailableCores, AQuotaIsRoundedUp) {
  EXPECT_EQ(cores_of_quota("100000 100000"), 1U);
  EXPECT_EQ(cores_of_quota("150000 100000"), 2U);
  EXPECT_EQ(cores_of_quota("50000 100000"), 1U);
  for (const char* none : {"max 100000", "", "100000", "100000 ", "-1 100000", "100000 0", "x y"}) {
    EXPECT_FALSE(cores_of_quota(none)) << none;
  }
}

TEST(AvailableCores, AContainersQuotaBoundsTheMachines) {
  const energy::FakeSystem system;
  const size_t machine = std::max(1U, std::thread::hardware_concurrency());
  EXPECT_EQ(available_cores(system.paths), machine);
  system.write(system.paths.cgroup / "cpu.max", "100000 100000\n");
  EXPECT_EQ(available_cores(system.paths), 1U);
  system.write(system.paths.cgroup / "cpu.max", "max 100000\n");
  system.write(system.paths.proc / "self" / "cgroup", "0::/a.slice\n");
  system.write(system.paths.cgroup / "a.slice" / "cpu.max", "90000 100000\n");
  EXPECT_EQ(available_cores(system.paths), 1U);
}

}  // namespace
}  // namespace coppice::serve
