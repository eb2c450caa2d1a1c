// The tracker as the backend's commands use it: phases, a figure for the progress bar, the record's energy at the end.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "native/cli/energy_options.h"
#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::energy {
class EnergyTracker;
}

namespace coppice::backend {

class EnergyMeter {
 public:
  // Starts measuring this process, and says on standard error what is read and why.
  static Result<EnergyMeter> start(const cli::EnergyOptions& options);
  EnergyMeter(EnergyMeter&&) noexcept;
  EnergyMeter& operator=(EnergyMeter&&) noexcept;
  ~EnergyMeter();

  // Ends the phase before it. The same name again adds to what it had.
  void begin_phase(const std::string& name);
  [[nodiscard]] std::optional<double> joules_so_far() const;
  // ", 812 J" for progress lines, empty where nothing is known.
  [[nodiscard]] std::string energy_so_far_text() const;
  // The record's "energy" member; absent when there is no figure at all.
  std::optional<Json> finish();

 private:
  explicit EnergyMeter(std::unique_ptr<energy::EnergyTracker> tracker);
  std::unique_ptr<energy::EnergyTracker> tracker_;
  std::string phase_;
};

}  // namespace coppice::backend
