// The options by which a command learns where its energy is used and what is known of the machine.
#pragma once

#include <optional>

#include "native/cli/place_options.h"

namespace CLI {
class App;  // its header costs seconds to compile: for the sources alone
}

namespace coppice::cli {

struct EnergyOptions {
  PlaceArguments place;             // empty: joules, but no CO2e
  std::optional<double> pue;        // power usage effectiveness of the building
  std::optional<double> tdp_watts;  // of the processor, instead of the table's
};

void add_energy_options(CLI::App& command, EnergyOptions& options);

}  // namespace coppice::cli
