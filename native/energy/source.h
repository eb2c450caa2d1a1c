// One way to learn the energy of one part of the machine. The tracker feeds every source the same samples; a source
// keeps its total since the start. Not thread-safe: the tracker holds its lock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "native/energy/system.h"
#include "shared/energy/figure.h"
#include "shared/energy/units.h"

namespace coppice::energy {

enum class Component { kCpu, kRam, kGpu };

// "cpu", "ram" or "gpu".
const char* to_string(Component component);

// One look at the machine. Times since the tracker started; `at` does not run while the machine is suspended.
struct Sample {
  Seconds at;
  Usage usage;                            // of whom the energy is charged to
  std::optional<MachineCpuTime> machine;  // absent where /proc/stat cannot be read
};

// Energy is charged to one process (tree) or container by its share, or to the whole machine.
enum class Scope { kProcess, kContainer, kMachine };

// "process", "container" or "machine".
const char* to_string(Scope scope);

// One device of a source that reads several.
struct DeviceReport {
  std::string name;  // "" if not told
  std::string uuid;
  std::optional<Figure<Joules>> energy;       // of whom is charged; absent where it could not be read
  std::optional<double> utilisation_percent;  // the time it was busy, with whomever's work; absent if not told
};

class EnergySource {
 public:
  virtual ~EnergySource() = default;
  [[nodiscard]] virtual Component component() const = 0;
  // What is read or which model with which inputs, and why this source was chosen.
  [[nodiscard]] virtual std::string description() const = 0;
  // The time from `before` to `now` has passed. Called once a second and at each question.
  virtual void advance(const Sample& before, const Sample& now) = 0;
  // Since the start; absent where nothing could be read.
  [[nodiscard]] virtual std::optional<Figure<Joules>> total() const = 0;
  // How far the two ends of a window may be off, since counters are written now and then. It is part of total()'s low
  // and high, and of those of any part of the time.
  [[nodiscard]] virtual Joules slack() const { return Joules(0.0); }
  // Empty for a source that does not tell devices apart.
  [[nodiscard]] virtual std::vector<DeviceReport> devices() const { return {}; }
  // What went wrong on the way, for the record.
  [[nodiscard]] virtual std::vector<std::string> warnings() const { return {}; }
};

// The share of the machine's busy CPU time that is the workload's, 0..1; absent without /proc/stat or where it went
// back. A machine that was busy for less than its counter's resolution counts as idle: share 0.
std::optional<double> busy_share(const Sample& before, const Sample& now);
// The share of the whole capacity, idle time included.
std::optional<double> capacity_share(const Sample& before, const Sample& now);

}  // namespace coppice::energy
