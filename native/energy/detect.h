// Which sources of energy figures this machine has, which the tracker would use, and how to get more.
#pragma once

#include <string>
#include <vector>

#include "native/energy/system.h"

namespace coppice::energy {

struct SourceState {
  std::string component;  // "cpu", "ram", "gpu", "share"
  std::string name;       // "RAPL package", "processor model", ...
  bool available = false;
  bool used = false;   // by EnergyTracker with default options
  std::string detail;  // what it is, or why it is not there and how to grant it
};

std::vector<SourceState> detect_sources(const SystemPaths& paths);

}  // namespace coppice::energy
