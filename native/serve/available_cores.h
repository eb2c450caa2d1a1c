// How many cores this process may use: its affinity, and the quota of its container.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>

#include "native/energy/system.h"

namespace coppice::serve {

// The cores of a cgroup's cpu.max, "QUOTA PERIOD" in microseconds, rounded up; absent for "max" and for anything else.
std::optional<size_t> cores_of_quota(std::string_view cpu_max);

// At least 1.
size_t available_cores(const energy::SystemPaths& paths = {});

}  // namespace coppice::serve
