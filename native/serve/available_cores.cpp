#include "native/serve/available_cores.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <thread>

namespace coppice::serve {

std::optional<size_t> cores_of_quota(std::string_view cpu_max) {
  int64_t quota = 0;
  int64_t period = 0;
  const char* end = cpu_max.data() + cpu_max.size();
  const auto first = std::from_chars(cpu_max.data(), end, quota);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, period);
  if (second.ec != std::errc() || quota <= 0 || period <= 0) return std::nullopt;
  return static_cast<size_t>(quota / period + (quota % period != 0 ? 1 : 0));
}

size_t available_cores(const energy::SystemPaths& paths) {
  // By affinity, in glibc and libstdc++.
  size_t cores = std::max(1U, std::thread::hardware_concurrency());
  // A container sees its own cgroup as the root or by its path; either may bear the quota.
  std::optional<std::filesystem::path> own = energy::cgroup_of(paths, "self");
  for (const std::filesystem::path& folder : {own.value_or(paths.cgroup), paths.cgroup}) {
    const std::optional<std::string> text = energy::read_small_file(folder / "cpu.max");
    if (text) cores = std::min(cores, cores_of_quota(*text).value_or(cores));
  }
  return std::max<size_t>(1, cores);
}

}  // namespace coppice::serve
