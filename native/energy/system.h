// What Linux tells about the machine and about processes, read from folders that tests may replace.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/status.h"
#include "shared/energy/units.h"

namespace coppice::energy {

struct SystemPaths {
  std::filesystem::path proc = "/proc";
  std::filesystem::path powercap = "/sys/class/powercap";
  std::filesystem::path cgroup = "/sys/fs/cgroup";
  std::filesystem::path pci = "/sys/bus/pci/devices";
  std::filesystem::path nvml = "libnvidia-ml.so.1";  // a name is looked up by the dynamic linker
};

// The machine's clocks in seconds, each from a beginning of its own. Neither is the time of day, so that a clock that
// is set leaves durations and energy alone.
struct SystemClocks {
  std::function<double()> awake;  // stands still while the machine is suspended
  std::function<double()> boot;   // runs on while it is
};
// CLOCK_MONOTONIC and CLOCK_BOOTTIME.
SystemClocks system_clocks();

struct CpuInfo {
  std::string model_name;  // "" if not told
  std::string vendor;
  int family = 0;
  int model = 0;
  int stepping = 0;
  int threads = 0;  // hardware threads; 0 if not told
  bool virtual_machine = false;
};

// From /proc/cpuinfo, where it lists no processor the number of threads from /proc/stat; what is missing stays at its
// default.
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
  std::optional<double> resident_bytes;  // absent where it cannot be read
};

// CPU time of children of this process that have ended and been waited for, their own such children included.
Seconds ended_children_cpu_time();

// This process and its children that have ended.
Usage self_usage(const SystemPaths& paths);

// A process and all its living descendants, with the time of the ended ones they have waited for. Absent when there is
// no such process. Asks only the processes concerned where the kernel lists a process's children, else looks at every
// process of the machine (process_tree.cpp). `adopter` is a process that orphans of the tree come to (a subreaper, see
// adopts_orphans): its children, but for those in `not_adopted`, then belong to the tree as well, also after the root
// has gone.
struct Adoption {
  int adopter = 0;               // 0: nobody
  std::vector<int> not_adopted;  // children it had before
};
std::optional<Usage> process_tree_usage(const SystemPaths& paths, int root_pid, const Adoption& adoption = {});
// Whether orphaned descendants of this process come to it.
bool adopts_orphans();
// The living children of a process.
std::vector<int> children_of(const SystemPaths& paths, int pid);
// The parent of a process; absent when it has gone.
std::optional<int> parent_of(const SystemPaths& paths, int pid);
// Whether this process sees processes under numbers of its own (a PID namespace, as containers have), so that numbers
// told by a driver mean other processes.
bool has_own_pid_numbers(const SystemPaths& paths);

// A cgroup v2: cpu.stat and memory.current. Errors name the file and what was expected.
Result<Usage> cgroup_usage(const std::filesystem::path& folder);
// The folder of a process's cgroup v2; absent where it has none.
std::optional<std::filesystem::path> cgroup_of(const SystemPaths& paths, const std::string& pid_or_self);
// The cgroup v2 of this process, from /proc/self/cgroup; absent where there is none with a CPU controller.
std::optional<std::filesystem::path> own_cgroup(const SystemPaths& paths);

// Whether the file is there and this user may not read it.
bool is_denied(const std::filesystem::path& path);
// The file's text without the final newline; absent if it cannot be read.
std::optional<std::string> read_small_file(const std::filesystem::path& path);
// A whole number alone in a file. Errors say whether it is missing, denied or no number.
Result<uint64_t> read_counter(const std::filesystem::path& path);

}  // namespace coppice::energy
