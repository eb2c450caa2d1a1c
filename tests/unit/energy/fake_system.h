// A made-up /proc and /sys below a temporary folder, for tests of the energy sources.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "native/energy/source.h"
#include "native/energy/system.h"

namespace coppice::energy {

class FakeSystem {
 public:
  FakeSystem() {
    std::string pattern = (std::filesystem::temp_directory_path() / "coppice-energy-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    paths.proc = folder_ / "proc";
    paths.powercap = folder_ / "powercap";
    paths.cgroup = folder_ / "cgroup";
  }
  ~FakeSystem() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  FakeSystem(const FakeSystem&) = delete;
  FakeSystem& operator=(const FakeSystem&) = delete;

  void write(const std::filesystem::path& path, const std::string& text) const {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }

  // `zone` as in "intel-rapl:0" or "intel-rapl:0/intel-rapl:0:0".
  void zone(const std::string& zone, const std::string& name, uint64_t microjoules,
            uint64_t range = 262143328850) const {
    write(paths.powercap / zone / "name", name + "\n");
    write(paths.powercap / zone / "max_energy_range_uj", std::to_string(range) + "\n");
    set_counter(zone, microjoules);
  }
  void set_counter(const std::string& zone, uint64_t microjoules) const {
    write(paths.powercap / zone / "energy_uj", std::to_string(microjoules) + "\n");
  }

  SystemPaths paths;

 private:
  std::filesystem::path folder_;
};

// Clocks that a test moves by hand. While they stand, a tracker's looks change nothing, so that several files can be
// written between two of them.
class FakeClock {
 public:
  [[nodiscard]] SystemClocks clocks() const {
    return {[awake = awake_] { return awake->load(); }, [boot = boot_] { return boot->load(); }};
  }
  void pass(double seconds) const {
    *boot_ = *boot_ + seconds;
    *awake_ = *awake_ + seconds;
  }
  void sleep(double seconds) const { *boot_ = *boot_ + seconds; }
  void set_back(double seconds) const { *awake_ = *awake_ - seconds; }

 private:
  std::shared_ptr<std::atomic<double>> awake_ = std::make_shared<std::atomic<double>>(5000.0);
  std::shared_ptr<std::atomic<double>> boot_ = std::make_shared<std::atomic<double>>(9000.0);
};

// A look `at` seconds after the start; the workload has used `used` CPU seconds, the machine was busy for `busy` of
// `total` seconds of all its threads.
inline Sample sample_at(double at, double used, double busy, double total, double resident_bytes = 0.0) {
  return {Seconds(at), {Seconds(used), resident_bytes}, MachineCpuTime{Seconds(busy), Seconds(total)}};
}

}  // namespace coppice::energy
