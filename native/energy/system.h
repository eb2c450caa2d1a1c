// What Linux tells about the machine and about processes, read from folders that tests may replace.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "shared/base/status.h"
#include "shared/energy/units.h"

namespace coppice::energy {

struct SystemPaths {
  std::filesystem::path proc = "/proc";
  std::filesystem::path powercap = "/sys/class/powercap";
  std::filesystem::path cgroup = "/sys/fs/cgroup";
};

struct CpuInfo {
  std::string model_name;  // "" if not told
  std::string vendor;
  int family = 0;
  int model = 0;
  int stepping = 0;
  int threads = 0;  // hardware threads online; 0 if not told
  bool virtual_machine = false;
};

// From /proc/cpuinfo; what is missing stays at its default.
CpuInfo read_cpu_info(const SystemPaths& paths);

// MemTotal in bytes; absent if not told.
std::optional<double> total_memory_bytes(const SystemPaths& paths);

// CPU time of the whole machine since its start, from the first line of /proc/stat.
struct MachineCpuTime {
  Seconds busy;
  Seconds total;  // busy and idle, over all threads
};
std::optional<MachineCpuTime> machine_cpu_time(const SystemPaths& paths);

// CPU time and memory of whom the energy is charged to.
struct Usage {
  Seconds cpu_time;
  double resident_bytes = 0.0;
};

// CPU time of children of this process that have ended and been waited for, their own such children included.
Seconds ended_children_cpu_time();

// This process and its children that have ended.
Usage self_usage(const SystemPaths& paths);

// A process and all its living descendants, with the time of the ended ones they have waited for. Absent when the
// process has gone. Asks only the processes concerned where the kernel lists a process's children, else looks at every
// process of the machine (process_tree.cpp).
std::optional<Usage> process_tree_usage(const SystemPaths& paths, int root_pid);

// A cgroup v2: cpu.stat and memory.current. `folder` is absolute or below paths.cgroup.
std::optional<Usage> cgroup_usage(const std::filesystem::path& folder);
// The cgroup v2 of this process, from /proc/self/cgroup; absent where there is none with a CPU controller.
std::optional<std::filesystem::path> own_cgroup(const SystemPaths& paths);

// The file's text without the final newline; absent if it cannot be read.
std::optional<std::string> read_small_file(const std::filesystem::path& path);
// A whole number alone in a file. Errors say whether it is missing, denied or no number.
Result<uint64_t> read_counter(const std::filesystem::path& path);

}  // namespace coppice::energy
