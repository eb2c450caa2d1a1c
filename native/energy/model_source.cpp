#include "native/energy/model_source.h"

#include <algorithm>

#include "shared/energy/cpu_band.h"
#include "shared/energy/ram.h"

namespace coppice::energy {

namespace {

std::string watts_text(double watts) {
  std::string text = std::to_string(watts);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " W";
}

class CpuModelSource final : public EnergySource {
 public:
  CpuModelSource(CpuModel model, Scope scope) : model_(std::move(model)), scope_(scope) {}

  [[nodiscard]] Component component() const override { return Component::kCpu; }
  [[nodiscard]] std::string description() const override { return model_.provenance.method; }

  void advance(const Sample& before, const Sample& now) override {
    const double seconds = (now.at - before.at).value();
    if (seconds <= 0.0) return;
    const double threads = std::max(model_.threads, 1);
    double joules = 0.0;
    bool idle = false;
    if (scope_ == Scope::kMachine) {
      if (!before.machine || !now.machine) return;
      const double total = (now.machine->total - before.machine->total).value();
      const double busy = (now.machine->busy - before.machine->busy).value();
      const double load = total > 0.0 ? std::clamp(busy / total, 0.0, 1.0) : 0.0;
      idle = load * 100.0 < band::kLeastLoadPercent;
      const double watts = model_.tdp ? model_.tdp->value() * std::max(load, 0.1)
                                      : threads * (model_.per_thread.min_watts +
                                                   load * (model_.per_thread.max_watts - model_.per_thread.min_watts));
      joules = watts * seconds;
    } else {
      const Seconds used(std::max(0.0, (now.usage.cpu_time - before.usage.cpu_time).value()));
      joules = process_cpu_energy(model_, used).value.value();
    }
    seen_ = true;
    value_ += joules;
    low_ += joules * (idle ? model_.idle_low_factor : model_.low_factor);
    high_ += joules * (idle ? model_.idle_high_factor : model_.high_factor);
  }

  [[nodiscard]] std::optional<Figure<Joules>> total() const override {
    if (!seen_) return std::nullopt;
    return Figure<Joules>{Joules(value_), Joules(low_), Joules(high_), model_.provenance};
  }

 private:
  CpuModel model_;
  Scope scope_;
  bool seen_ = false;
  double value_ = 0.0;
  double low_ = 0.0;
  double high_ = 0.0;
};

class RamModelSource final : public EnergySource {
 public:
  RamModelSource(double total_bytes, bool arm, Scope scope)
      : total_bytes_(total_bytes), power_(ram_power_modelled(total_bytes / kBytesPerGb, arm)), scope_(scope) {
    if (scope_ != Scope::kMachine) power_.provenance.method += ", by the share of memory held";
  }

  [[nodiscard]] Component component() const override { return Component::kRam; }
  [[nodiscard]] std::string description() const override { return power_.provenance.method; }

  void advance(const Sample& before, const Sample& now) override {
    const double seconds = (now.at - before.at).value();
    if (seconds <= 0.0) return;
    double share = 1.0;
    if (scope_ != Scope::kMachine) {
      unread_ = unread_ || !before.usage.resident_bytes || !now.usage.resident_bytes;
      if (!before.usage.resident_bytes || !now.usage.resident_bytes) return;
      // The mean of both ends: memory grows and shrinks between two looks.
      const double held = 0.5 * (*before.usage.resident_bytes + *now.usage.resident_bytes);
      share = std::clamp(held / total_bytes_, 0.0, 1.0);
    }
    weighted_seconds_ += share * seconds;
    seen_ = true;
  }

  [[nodiscard]] std::optional<Figure<Joules>> total() const override {
    if (!seen_) return std::nullopt;
    const Seconds time(weighted_seconds_);
    return Figure<Joules>{power_.value * time, power_.low * time, power_.high * time, power_.provenance};
  }

  [[nodiscard]] std::vector<std::string> warnings() const override {
    if (!unread_) return {};
    return {"how much memory was held cannot be read: its energy is absent for that time"};
  }

 private:
  double total_bytes_;
  Figure<Watts> power_;
  Scope scope_;
  bool seen_ = false;
  bool unread_ = false;
  double weighted_seconds_ = 0.0;
};

}  // namespace

CpuModel choose_cpu_model(const CpuInfo& info, std::optional<Watts> user_tdp) {
  CpuModel model;
  model.threads = std::max(info.threads, 1);
  model.low_factor = band::kLinearLow;
  model.high_factor = band::kLinearHigh;
  model.idle_low_factor = band::kCubicIdleLow;
  model.idle_high_factor = band::kCubicIdleHigh;
  const std::string band_note = "; band from calibration runs of TDP models against RAPL";
  const std::string shown_name = info.model_name.empty() ? "unnamed processor" : info.model_name;
  if (user_tdp) {
    model.tdp = user_tdp;
    model.provenance = {ProvenanceKind::kModelled,
                        "CPU time x TDP of " + watts_text(user_tdp->value()) + " given by the user" + band_note};
    return model;
  }
  if (info.virtual_machine) {
    const std::string kind = microarchitecture(info.vendor, info.family, info.model, info.stepping);
    if (const auto row = vcpu_coefficients(kind)) {
      model.per_thread = *row;
      model.provenance = {ProvenanceKind::kModelled, "CPU time x " + watts_text(row->max_watts) + " per vCPU of " +
                                                         kind + " (Cloud Carbon Footprint; virtual machine, \"" +
                                                         shown_name + "\")" + band_note};
      return model;
    }
  } else {
    const CpuMatch match = match_cpu(info.model_name, codecarbon_cpus());
    if (match.tdp) {
      model.tdp = match.tdp;
      model.provenance = {ProvenanceKind::kModelled, "CPU time x TDP of " + watts_text(match.tdp->value()) + " (" +
                                                         *match.name + ", match: " + match.how + ")" + band_note};
      return model;
    }
  }
  // Nothing is known of the chip: the band spans the table's least and most per vCPU as well.
  double least = kMedianVcpu.max_watts;
  double most = kMedianVcpu.max_watts;
  for (const VcpuRow& row : ccf_vcpus()) {
    least = std::min(least, row.max_watts);
    most = std::max(most, row.max_watts);
  }
  model.per_thread = kMedianVcpu;
  model.low_factor *= least / kMedianVcpu.max_watts;
  model.high_factor *= most / kMedianVcpu.max_watts;
  model.idle_high_factor *= most / kMedianVcpu.max_watts;
  model.provenance = {ProvenanceKind::kAssumed, "CPU time x " + watts_text(kMedianVcpu.max_watts) +
                                                    " per hardware thread (median of Cloud Carbon Footprint; \"" +
                                                    shown_name + "\" is in no table)" + band_note};
  return model;
}

Figure<Joules> process_cpu_energy(const CpuModel& model, Seconds cpu_time) {
  const Joules joules = model.tdp ? process_energy_linear(*model.tdp, cpu_time, std::max(model.threads, 1))
                                  : Watts(model.per_thread.max_watts) * cpu_time;
  return {joules, joules * model.low_factor, joules * model.high_factor, model.provenance};
}

std::unique_ptr<EnergySource> make_cpu_model_source(CpuModel model, Scope scope) {
  return std::make_unique<CpuModelSource>(std::move(model), scope);
}

std::unique_ptr<EnergySource> make_ram_model_source(std::optional<double> total_bytes, bool arm, Scope scope) {
  if (!total_bytes) return nullptr;
  return std::make_unique<RamModelSource>(*total_bytes, arm, scope);
}

}  // namespace coppice::energy
