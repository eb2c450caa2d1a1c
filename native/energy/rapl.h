// Energy counters of Intel and AMD processors (RAPL), as Linux shows them under /sys/class/powercap.
//
// Counted: every package; DRAM apart (it is not part of the package). Told apart and left out: core and uncore (parts
// of the package), psys (the whole platform, packages included; used only where there is no package), and the second
// view of the same counters under intel-rapl-mmio.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "native/energy/source.h"
#include "shared/base/status.h"

namespace coppice::energy {

struct RaplZone {
  std::filesystem::path folder;
  std::string name;                // "package-0", "dram", "psys", ...
  uint64_t range_microjoules = 0;  // the counter starts again at 0 after this; 0: not told
};

struct RaplZones {
  std::vector<RaplZone> packages;
  std::vector<RaplZone> dram;
  std::vector<RaplZone> platform;  // psys
  std::vector<RaplZone> parts;     // core, uncore and what else lies inside a package
};

// kNotFound: the machine has no such counters. A zone that may not be read is an error that says how to grant access.
Result<RaplZones> find_rapl_zones(const SystemPaths& paths);

// A source over some zones; `component` is kCpu for packages (or psys), kRam for DRAM. Reads each counter once now.
Result<std::unique_ptr<EnergySource>> make_rapl_source(std::vector<RaplZone> zones, Component component, Scope scope);

}  // namespace coppice::energy
