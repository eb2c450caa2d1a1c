#include "native/backend/energy_meter.h"

#include <iostream>

#include "native/backend/progress.h"
#include "native/energy/tracker.h"

namespace coppice::backend {

EnergyMeter::EnergyMeter(std::unique_ptr<energy::EnergyTracker> tracker) : tracker_(std::move(tracker)) {}
EnergyMeter::EnergyMeter(EnergyMeter&&) noexcept = default;
EnergyMeter& EnergyMeter::operator=(EnergyMeter&&) noexcept = default;
EnergyMeter::~EnergyMeter() = default;

Result<EnergyMeter> EnergyMeter::start(const cli::EnergyOptions& options) {
  energy::TrackerOptions settings;
  COPPICE_ASSIGN_OR_RETURN(settings.place, cli::place_query(options.place));
  if (options.pue) settings.pue = *options.pue;
  if (options.tdp_watts) settings.cpu_tdp = energy::Watts(*options.tdp_watts);
  COPPICE_ASSIGN_OR_RETURN(std::unique_ptr<energy::EnergyTracker> tracker,
                           energy::EnergyTracker::start(std::move(settings)));
  for (const std::string& line : tracker->describe()) std::cerr << "energy: " << line << '\n';
  return EnergyMeter(std::move(tracker));
}

void EnergyMeter::begin_phase(const std::string& name) {
  if (name == phase_) return;
  phase_ = name;
  tracker_->begin_phase(name);
}

std::optional<double> EnergyMeter::joules_so_far() const {
  const energy::Reading reading = tracker_->now();
  if (!reading.energy) return std::nullopt;
  return reading.energy->value.value();
}

std::string EnergyMeter::energy_so_far_text() const {
  const std::optional<double> joules = joules_so_far();
  return joules ? ", " + fixed(*joules, 0) + " J" : "";
}

std::optional<Json> EnergyMeter::finish() {
  const energy::EnergyReport report = tracker_->finish();
  if (!report.total.energy) return std::nullopt;
  return Json(energy::to_json(report));
}

}  // namespace coppice::backend
