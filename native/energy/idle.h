// The machine before the work begins: its power with nothing of ours running, and how busy others keep it. A time taken
// on a machine that was busy already is no time of that machine, and the reader should see it.
#pragma once

#include <atomic>
#include <optional>

#include "native/energy/system.h"
#include "shared/energy/figure.h"
#include "shared/energy/units.h"

namespace coppice::energy {

struct IdleBaseline {
  Seconds duration;
  // Of the whole machine (every component that has a source), without PUE; absent where nothing can be read.
  std::optional<Figure<Watts>> machine_power;
  // CPU time used by anyone, of all hardware threads; absent without /proc/stat.
  std::optional<double> machine_busy_percent;
};

// Sleeps for `duration` and reports on it; `interrupted` (may be null) ends it early. Call it before any work is
// started: what this process does meanwhile counts as the machine's.
IdleBaseline watch_idle_machine(const SystemPaths& paths, Seconds duration, const std::atomic<bool>* interrupted);

// {"duration_seconds", "machine_power_watts": figure, "machine_busy_percent"}; what is absent is left out.
OrderedJson to_json(const IdleBaseline& baseline);

}  // namespace coppice::energy
