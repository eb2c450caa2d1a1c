#include "native/cli/energy_options.h"

#include <CLI/CLI.hpp>

namespace coppice::cli {

void add_energy_options(CLI::App& command, EnergyOptions& options) {
  add_table_options(command, options.place);
  command.add_option("--pue", options.pue, "Power usage effectiveness of the building, at least 1")
      ->check(CLI::Range(1.0, 10.0));
  command.add_option("--tdp", options.tdp_watts, "Thermal design power of the processor in watts")
      ->check(CLI::Range(1e-3, 1e5));
}

}  // namespace coppice::cli
