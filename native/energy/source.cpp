#include "native/energy/source.h"

#include <algorithm>

namespace coppice::energy {

const char* to_string(Component component) {
  switch (component) {
    case Component::kCpu:
      return "cpu";
    case Component::kRam:
      return "ram";
    case Component::kGpu:
      return "gpu";
  }
  return "cpu";
}

const char* to_string(Scope scope) {
  switch (scope) {
    case Scope::kProcess:
      return "process";
    case Scope::kContainer:
      return "container";
    case Scope::kMachine:
      return "machine";
  }
  return "machine";
}

std::optional<double> busy_share(const Sample& before, const Sample& now) {
  if (!before.machine || !now.machine) return std::nullopt;
  const double used = (now.usage.cpu_time - before.usage.cpu_time).value();
  if (now.machine->busy < before.machine->busy) return std::nullopt;  // a reset: it tells nothing of this time
  // /proc/stat counts in ticks of 10 ms and may lag behind the process's own clock.
  const double busy = std::max((now.machine->busy - before.machine->busy).value(), used);
  return busy > 0.0 ? std::clamp(used / busy, 0.0, 1.0) : 0.0;
}

std::optional<double> capacity_share(const Sample& before, const Sample& now) {
  if (!before.machine || !now.machine) return std::nullopt;
  const double used = (now.usage.cpu_time - before.usage.cpu_time).value();
  if (now.machine->total < before.machine->total) return std::nullopt;
  const double total = std::max((now.machine->total - before.machine->total).value(), used);
  return total > 0.0 ? std::clamp(used / total, 0.0, 1.0) : 0.0;
}

}  // namespace coppice::energy
