#include "native/energy/idle.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "native/energy/tracker.h"

namespace coppice::energy {

IdleBaseline watch_idle_machine(const SystemPaths& paths, Seconds duration, const std::atomic<bool>* interrupted) {
  using Clock = std::chrono::steady_clock;
  TrackerOptions options;
  options.scope = Scope::kMachine;
  options.paths = paths;
  const std::optional<MachineCpuTime> before = machine_cpu_time(paths);
  const auto tracker = EnergyTracker::start(options);  // fails only for options that are not given here
  const auto start = Clock::now();
  const auto passed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  while (passed() < duration.value() && (interrupted == nullptr || !interrupted->load())) {
    const double left = duration.value() - passed();
    std::this_thread::sleep_for(std::chrono::duration<double>(std::clamp(left, 0.0, 0.05)));
  }
  IdleBaseline baseline;
  baseline.duration = Seconds(passed());
  if (tracker) {
    const EnergyReport report = (*tracker)->finish();
    if (const auto& energy = report.total.energy; energy && report.total.duration.value() > 0.0) {
      const Seconds time = report.total.duration;
      baseline.machine_power =
          Figure<Watts>{energy->value / time, energy->low / time, energy->high / time, energy->provenance};
    }
  }
  const std::optional<MachineCpuTime> after = machine_cpu_time(paths);
  if (before && after && after->total > before->total) {
    baseline.machine_busy_percent =
        std::clamp(100.0 * ((after->busy - before->busy) / (after->total - before->total)), 0.0, 100.0);
  }
  return baseline;
}

OrderedJson to_json(const IdleBaseline& baseline) {
  OrderedJson json;
  json["duration_seconds"] = baseline.duration.value();
  if (baseline.machine_power) json["machine_power_watts"] = to_json(*baseline.machine_power);
  if (baseline.machine_busy_percent) json["machine_busy_percent"] = *baseline.machine_busy_percent;
  return json;
}

}  // namespace coppice::energy
