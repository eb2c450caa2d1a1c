// Energy and carbon of a piece of work, from start to finish, by phase.
//
//   COPPICE_ASSIGN_OR_RETURN(auto tracker, EnergyTracker::start({.place = {.country = "FRA"}}));
//   tracker->begin_phase("train");
//   ...                                              // tracker->now().energy for a progress bar
//   tracker->begin_phase("evaluate");                // ends the phase before
//   ...
//   EnergyReport report = tracker->finish();
//   record.energy = to_json(report);
//
// Reads counters where there are any (RAPL, NVML), else models; every figure says which. A thread looks once a second,
// so that a counter's wrap is never missed. By default this process and its ended children are charged their share of
// the machine. Thread-safe. A child after fork may let its copy go and must not ask it: the sampling thread is not
// there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "native/energy/source.h"
#include "native/energy/system.h"
#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/energy/carbon.h"
#include "shared/energy/embodied.h"
#include "shared/energy/figure.h"

namespace coppice::energy {

struct TrackerOptions {
  PlaceQuery place;  // empty: no emissions are given, only energy
  Scope scope = Scope::kProcess;
  // kContainer only: the folder of a cgroup v2, absolute or below paths.cgroup; empty: that of this process.
  std::filesystem::path cgroup;
  // A process tree other than this process (kProcess only): the pid of its root. If it is a child of this process, what
  // it used until its end is known exactly; else up to the last look.
  std::optional<int> process_tree;
  Seconds sampling_period{1.0};
  std::optional<Watts> cpu_tdp;    // instead of the table's
  double pue = 1.0;                // power usage effectiveness: energy of the building per energy of the machine
  bool compat_codecarbon = false;  // carbon intensity as CodeCarbon 3.3.2 resolves it
  // A live intensity, had before the start: goes before `place`. With `refresh_intensity` it is asked for again every
  // `intensity_period` on the sampling thread, and energy is charged at the intensity in force while it was used. When
  // that fails the last one stays in force, a note says so, and it is asked again five minutes later.
  std::optional<Intensity> intensity = {};
  std::function<Result<Intensity>()> refresh_intensity = {};
  Seconds intensity_period{3600.0};
  // The hardware whose embodied carbon is reported, apart from the electricity's; reserved from start to finish.
  std::optional<Hardware> hardware = {};
  SystemPaths paths;
  SystemClocks clocks = system_clocks();
};

// Energy so far. `energy` includes the PUE and is absent where no source has read anything yet.
struct Reading {
  Seconds duration;
  Seconds cpu_time;
  std::optional<Figure<Joules>> energy;
  std::optional<Figure<GramsCo2e>> emissions;
};

struct ComponentReport {
  Component component = Component::kCpu;
  std::string source;  // what was read, or which model, and why
  std::optional<Figure<Joules>> energy;
  std::vector<DeviceReport> devices{};  // where the source tells several apart: GPUs
};

struct PhaseReport {
  std::string name;
  Reading total;
};

struct IntensityPeriod {
  Seconds from;  // since the start
  Intensity intensity;
};

struct EnergyReport {
  Scope scope = Scope::kProcess;
  Reading total;
  Seconds suspended;   // time the machine slept; not part of the duration
  std::string cgroup;  // the folder, in the scope of a container
  std::optional<double> mean_resident_bytes;
  std::optional<double> peak_resident_bytes;
  // Of all hardware threads, by whom is charged; absent where their number is not known.
  std::optional<double> cpu_utilisation_percent;
  std::vector<ComponentReport> components;
  std::vector<PhaseReport> phases;           // in the order they ended
  std::optional<Intensity> intensity;        // of several: the mean by energy
  std::vector<IntensityPeriod> intensities;  // each one that was in force, if there were several
  std::optional<Hardware> hardware;
  double pue = 1.0;
  CpuInfo cpu;
  std::optional<double> total_memory_bytes;
  std::vector<std::string> notes;  // what could not be read and how to grant it; counters that failed on the way
};

class EnergyTracker {
 public:
  // Fails for an unknown place, a PUE under 1, a process that does not exist, or where no thread can be started; never
  // for want of a counter.
  static Result<std::unique_ptr<EnergyTracker>> start(TrackerOptions options);
  ~EnergyTracker();
  EnergyTracker(const EnergyTracker&) = delete;
  EnergyTracker& operator=(const EnergyTracker&) = delete;

  // Looks at the sources now.
  [[nodiscard]] Reading now() const;
  // One phase at a time: beginning one ends the one before. Phases of the same name are listed apart.
  void begin_phase(std::string name);
  void end_phase();
  // Ends the phase and the sampling. Later calls return the same report.
  EnergyReport finish();

  // What is read and why, one line a component, for people.
  [[nodiscard]] std::vector<std::string> describe() const;

 private:
  struct State;
  explicit EnergyTracker(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// For a run record's `energy`: energy_joules and carbon_grams_co2e (figures; absent if unknown), duration_seconds,
// cpu_time_seconds, components, phases, intensity, intensities (if several), embodied_grams_co2e (if hardware is known;
// in no sum with the rest), pue, scope, notes.
OrderedJson to_json(const EnergyReport& report);

}  // namespace coppice::energy
