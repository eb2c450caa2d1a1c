#include "native/cli/energy_options.h"

namespace coppice::cli {

void add_energy_options(CLI::App& command, EnergyOptions& options) {
  const char* group = "Energy and carbon";
  command
      .add_option("--country", options.place.country,
                  "Where the energy is used: ISO 3166 code of three letters, or WORLD; without a place the record has "
                  "joules but no CO2e")
      ->group(group);
  command
      .add_option("--region", options.place.region, "US state, Canadian or Chinese province, Nordic bidding zone of it")
      ->group(group);
  command.add_option("--cloud", options.place.cloud_provider, "Cloud provider: gcp, aws or azure")->group(group);
  command.add_option("--cloud-region", options.place.cloud_region, "Its region, e.g. europe-west2")->group(group);
  command.add_option("--intensity", options.intensity_g_per_kwh, "Carbon intensity in g/kWh, instead of any table")
      ->check(CLI::Range(0.0, 10000.0))
      ->group(group);
  command.add_option("--pue", options.pue, "Power usage effectiveness of the building, at least 1")
      ->check(CLI::Range(1.0, 10.0))
      ->group(group);
  command.add_option("--tdp", options.tdp_watts, "Thermal design power of the processor in watts")
      ->check(CLI::Range(1e-3, 1e5))
      ->group(group);
}

}  // namespace coppice::cli
