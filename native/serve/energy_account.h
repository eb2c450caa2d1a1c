// What the server's answers cost in energy and carbon, and the process as a whole.
//
// An answer is charged its CPU time, by the model of the processor that the tracker uses, and the memory that the
// process holds, for as long as a model worked on it. A counter (RAPL) tells a machine's energy and not an answer's:
// what an answer cost is always modelled, what the process used is measured where there is a counter. The two are apart
// and in no sum: the process also waits, starts and hands out the page.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "native/energy/model_source.h"
#include "native/energy/system.h"
#include "native/energy/tracker.h"
#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/energy/carbon.h"
#include "shared/energy/figure.h"

namespace coppice::serve {

// Of one answer, or of one model's part in it.
struct Work {
  energy::Seconds cpu_time;
  energy::Seconds duration;  // that a model, or the thread that read the request, was busy with it
};

struct WorkEnergy {
  energy::Figure<energy::Joules> cpu;
  std::optional<energy::Figure<energy::Joules>> ram;  // absent where the memory's size or what is held cannot be read
  energy::Figure<energy::Joules> total;               // what is there of both, times the PUE
  std::optional<energy::Figure<energy::GramsCo2e>> carbon;  // absent without a place
};

struct EnergyAccountOptions {
  energy::PlaceQuery place = {};  // empty: joules, but no CO2e
  double pue = 1.0;
  std::optional<energy::Watts> cpu_tdp = {};
  energy::SystemPaths paths = {};
};

// Thread-safe.
class EnergyAccount {
 public:
  // Fails for an unknown place or a PUE under 1; never for want of a counter.
  static Result<std::unique_ptr<EnergyAccount>> start(const EnergyAccountOptions& options);

  [[nodiscard]] WorkEnergy energy_of(const Work& work) const;
  // Adds to the totals of a model; "" for what reads and writes requests.
  void count(const std::string& model, const WorkEnergy& energy);

  [[nodiscard]] const std::optional<energy::Intensity>& intensity() const { return intensity_; }
  // Totals in Prometheus' text format, provenance in labels; figures that are not known have no line.
  [[nodiscard]] std::string prometheus() const;

 private:
  EnergyAccount() = default;
  [[nodiscard]] std::optional<double> memory_share() const;

  EnergyAccountOptions options_;
  energy::CpuModel cpu_;
  std::optional<double> memory_bytes_;
  std::optional<energy::Figure<energy::Watts>> ram_power_;
  std::optional<energy::Intensity> intensity_;
  std::unique_ptr<energy::EnergyTracker> process_;
  mutable std::mutex mutex_;
  std::map<std::string, WorkEnergy> totals_;
  mutable double share_read_at_ = -1.0;  // seconds; what is held is read once a second at most
  mutable std::optional<double> share_;
};

// {"duration_seconds","cpu_time_seconds","energy_joules","cpu_joules","ram_joules","carbon_grams_co2e"}: figures,
// absent where unknown. Without an account only the times.
OrderedJson usage_json(const Work& work, const std::optional<WorkEnergy>& energy);

// CPU time of the calling thread.
energy::Seconds thread_cpu_time();

}  // namespace coppice::serve
