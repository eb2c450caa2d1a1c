#include "native/serve/energy_account.h"

#include <time.h>

#include <algorithm>
#include <charconv>

#include "shared/energy/ram.h"
#include "shared/energy/site.h"

namespace coppice::serve {
namespace {

using energy::Figure;
using energy::GramsCo2e;
using energy::Joules;
using energy::Seconds;

// RAPL's counters wrap after a quarter of an hour at the earliest; a server that waits should be woken seldom.
constexpr Seconds kTrackerPeriod{10.0};
constexpr double kShareSeconds = 1.0;

#if defined(__aarch64__) || defined(__arm__)
constexpr bool kArm = true;
#else
constexpr bool kArm = false;
#endif

double seconds_of_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::string energy_number(double value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

// Backslash, quote and newline are escaped in a label's value.
void append_label(std::string& labels, const char* name, const std::string& value) {
  labels.append(labels.empty() ? "" : ",").append(name).append("=\"");
  for (const char c : value) {
    if (c == '\\' || c == '"') labels += '\\';
    if (c == '\n') {
      labels.append("\\n");
    } else {
      labels += c;
    }
  }
  labels += '"';
}

class EnergyText {
 public:
  // Value, low and high of a figure: three metrics, whose names differ before the unit.
  template <typename Unit>
  void figure(const std::string& stem, const char* unit, const std::string& labels, const Figure<Unit>& figure) {
    std::string all = labels;
    append_label(all, "provenance", energy::to_string(figure.provenance.kind));
    add(stem + unit, all, figure.value.value());
    add(stem + "low_" + unit, all, figure.low.value());
    add(stem + "high_" + unit, all, figure.high.value());
  }
  void add(const std::string& name, const std::string& labels, double value) {
    std::string& lines = lines_[name];
    lines.append(name);
    if (!labels.empty()) lines.append("{").append(labels).append("}");
    lines.append(" ").append(energy_number(value)).append("\n");
  }
  // The lines of one metric must be together.
  void write(std::string& out, const std::string& name, const char* type, const std::string& help) const {
    const auto found = lines_.find(name);
    if (found == lines_.end()) return;
    out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name).append(" ");
    out.append(type).append("\n").append(found->second);
  }
  void write_figure(std::string& out, const std::string& stem, const char* unit, const std::string& help) const {
    write(out, stem + unit, "counter", help);
    write(out, stem + "low_" + unit, "counter", "Lower end of the interval.");
    write(out, stem + "high_" + unit, "counter", "Upper end of the interval.");
  }

 private:
  std::map<std::string, std::string> lines_;
};

template <typename Unit>
void add_to(std::optional<Figure<Unit>>& sum, const std::optional<Figure<Unit>>& part) {
  if (part) sum = sum ? *sum + *part : *part;
}

}  // namespace

Seconds thread_cpu_time() { return Seconds(seconds_of_clock(CLOCK_THREAD_CPUTIME_ID)); }

Result<std::unique_ptr<EnergyAccount>> EnergyAccount::start(const EnergyAccountOptions& options) {
  std::unique_ptr<EnergyAccount> account(new EnergyAccount);
  account->options_ = options;
  COPPICE_RETURN_IF_ERROR(energy::check_pue(options.pue));
  if (!options.place.empty()) {
    COPPICE_ASSIGN_OR_RETURN(account->intensity_, energy::resolve_intensity(options.place));
  }
  account->cpu_ = energy::choose_cpu_model(energy::read_cpu_info(options.paths), options.cpu_tdp);
  account->memory_bytes_ = energy::total_memory_bytes(options.paths);
  if (account->memory_bytes_) {
    account->ram_power_ = energy::ram_power_modelled(*account->memory_bytes_ / energy::kBytesPerGb, kArm);
    account->ram_power_->provenance.method.append(", by the share of memory held");
  }
  energy::TrackerOptions tracked;
  tracked.place = options.place;
  tracked.pue = options.pue;
  tracked.cpu_tdp = options.cpu_tdp;
  tracked.paths = options.paths;
  tracked.sampling_period = kTrackerPeriod;
  COPPICE_ASSIGN_OR_RETURN(account->process_, energy::EnergyTracker::start(tracked));
  return account;
}

std::optional<double> EnergyAccount::memory_share() const {
  if (!memory_bytes_ || *memory_bytes_ <= 0.0) return std::nullopt;
  const double now = seconds_of_clock(CLOCK_MONOTONIC);
  const std::lock_guard lock(mutex_);
  if (share_read_at_ < 0.0 || now - share_read_at_ > kShareSeconds) {
    const std::optional<double> held = energy::self_usage(options_.paths).resident_bytes;
    share_ = held ? std::optional(std::clamp(*held / *memory_bytes_, 0.0, 1.0)) : std::nullopt;
    share_read_at_ = now;
  }
  return share_;
}

WorkEnergy EnergyAccount::energy_of(const Work& work) const {
  WorkEnergy energy;
  energy.cpu = energy::process_cpu_energy(cpu_, work.cpu_time);
  energy.total = energy.cpu;
  const std::optional<double> share = memory_share();
  if (share && ram_power_) {
    const Seconds held = work.duration * *share;
    energy.ram = Figure<Joules>{ram_power_->value * held, ram_power_->low * held, ram_power_->high * held,
                                ram_power_->provenance};
    energy.total = energy.total + *energy.ram;
  }
  energy.total = energy.total * options_.pue;
  if (intensity_) {
    const std::string year = intensity_->year != 0 ? " " + std::to_string(intensity_->year) : "";
    energy.carbon = energy::emissions_of(energy.total, intensity_->value, intensity_->source + year);
  }
  return energy;
}

void EnergyAccount::count(const std::string& model, const WorkEnergy& energy) {
  const std::lock_guard lock(mutex_);
  const auto [entry, fresh] = totals_.try_emplace(model, energy);
  if (fresh) return;
  WorkEnergy& total = entry->second;
  total.cpu = total.cpu + energy.cpu;
  total.total = total.total + energy.total;
  add_to(total.ram, energy.ram);
  add_to(total.carbon, energy.carbon);
}

std::string EnergyAccount::prometheus() const {
  EnergyText text;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [model, total] : totals_) {
      std::string labels;
      append_label(labels, "stage", model.empty() ? "request" : "model");
      append_label(labels, "model", model);
      text.figure("coppice_answer_energy_", "joules_total", labels, total.total);
      if (total.carbon) text.figure("coppice_answer_carbon_", "grams_co2e_total", labels, *total.carbon);
    }
  }
  const energy::Reading process = process_->now();
  text.add("coppice_process_cpu_seconds_total", "", process.cpu_time.value());
  if (process.energy) text.figure("coppice_process_energy_", "joules_total", "", *process.energy);
  if (process.emissions) text.figure("coppice_process_carbon_", "grams_co2e_total", "", *process.emissions);
  std::string methods;
  append_label(methods, "cpu", cpu_.provenance.method);
  if (ram_power_) append_label(methods, "ram", ram_power_->provenance.method);
  append_label(methods, "pue", energy_number(options_.pue));
  text.add("coppice_energy_method_info", methods, 1.0);
  if (intensity_) {
    std::string place;
    append_label(place, "place", intensity_->place);
    append_label(place, "source", intensity_->source);
    if (intensity_->year != 0) append_label(place, "year", std::to_string(intensity_->year));
    text.add("coppice_carbon_intensity_grams_per_kwh", place, intensity_->value.value());
  }
  std::string out;
  text.write_figure(out, "coppice_answer_energy_", "joules_total",
                    "Energy of answers by model; stage request: reading and writing them. Building included.");
  text.write_figure(out, "coppice_answer_carbon_", "grams_co2e_total", "Emissions of that energy.");
  text.write(out, "coppice_process_cpu_seconds_total", "counter", "CPU time of the whole process.");
  text.write_figure(out, "coppice_process_energy_", "joules_total",
                    "Energy of the whole process, its waiting included; answers are a part of it.");
  text.write_figure(out, "coppice_process_carbon_", "grams_co2e_total", "Emissions of that energy.");
  text.write(out, "coppice_energy_method_info", "gauge", "How the energy of answers is modelled.");
  text.write(out, "coppice_carbon_intensity_grams_per_kwh", "gauge", "Carbon intensity that is applied.");
  return out;
}

OrderedJson usage_json(const Work& work, const std::optional<WorkEnergy>& energy) {
  OrderedJson json;
  json["duration_seconds"] = work.duration.value();
  json["cpu_time_seconds"] = work.cpu_time.value();
  if (!energy) return json;
  json["energy_joules"] = energy::to_json(energy->total);
  json["cpu_joules"] = energy::to_json(energy->cpu);
  if (energy->ram) json["ram_joules"] = energy::to_json(*energy->ram);
  if (energy->carbon) json["carbon_grams_co2e"] = energy::to_json(*energy->carbon);
  return json;
}

}  // namespace coppice::serve
