// emissions.csv with CodeCarbon 3.3's 38 columns, so that its reader, pandas and existing notebooks work unchanged.
// Units are CodeCarbon's: kWh, kg CO2e, W, s, GB of 2^30 bytes, litres. What is not known is an empty cell, never 0;
// only wue and water_consumed are 0 where no WUE was given, which is what CodeCarbon writes then.
#pragma once

#include <array>
#include <filesystem>
#include <string>

#include "native/energy/tracker.h"
#include "shared/base/status.h"

namespace coppice::energy {

inline constexpr std::array<const char*, 38> kEmissionsColumns = {"timestamp",
                                                                  "project_name",
                                                                  "run_id",
                                                                  "experiment_id",
                                                                  "duration",
                                                                  "emissions",
                                                                  "emissions_rate",
                                                                  "cpu_power",
                                                                  "gpu_power",
                                                                  "ram_power",
                                                                  "cpu_energy",
                                                                  "gpu_energy",
                                                                  "ram_energy",
                                                                  "energy_consumed",
                                                                  "water_consumed",
                                                                  "country_name",
                                                                  "country_iso_code",
                                                                  "region",
                                                                  "cloud_provider",
                                                                  "cloud_region",
                                                                  "os",
                                                                  "python_version",
                                                                  "codecarbon_version",
                                                                  "cpu_count",
                                                                  "cpu_model",
                                                                  "gpu_count",
                                                                  "gpu_model",
                                                                  "longitude",
                                                                  "latitude",
                                                                  "ram_total_size",
                                                                  "tracking_mode",
                                                                  "cpu_utilization_percent",
                                                                  "gpu_utilization_percent",
                                                                  "ram_utilization_percent",
                                                                  "ram_used_gb",
                                                                  "on_cloud",
                                                                  "pue",
                                                                  "wue"};

struct EmissionsRow {
  std::string timestamp;  // local time, 2026-11-24T06:05:01
  std::string project_name;
  std::string run_id;
  std::string experiment_id;
  PlaceQuery place;
  std::string os;
  std::string version;  // of this program; goes into codecarbon_version as "coppice 0.1.0"
  double wue_litres_per_kwh = 0.0;
};

// One cell a column, in the order of kEmissionsColumns, not yet quoted.
std::array<std::string, 38> emissions_cells(const EmissionsRow& row, const EnergyReport& report);

// Appends one row under a lock, in one write, with the header first if the file is new or empty. A file with the same
// columns in another order gets the row in its own order; one with other columns is set aside as PATH.bak (.bak1, ...)
// and begun anew, as CodeCarbon does. On failure (disk full) the file is as it was. Safe for several processes at once.
Status append_emissions(const std::filesystem::path& path, const std::array<std::string, 38>& cells);

}  // namespace coppice::energy
