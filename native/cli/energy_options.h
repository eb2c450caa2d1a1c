// The options by which a command learns where its energy is used and what is known of the machine.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "native/cli/place_options.h"

namespace coppice::cli {

struct EnergyOptions {
  PlaceArguments place;             // empty: joules, but no CO2e
  std::optional<double> pue;        // power usage effectiveness of the building
  std::optional<double> tdp_watts;  // of the processor, instead of the table's
};

void add_energy_options(CLI::App& command, EnergyOptions& options);

}  // namespace coppice::cli
