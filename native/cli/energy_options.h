// The options by which a command learns where its energy is used and what is known of the machine.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "shared/energy/carbon.h"

namespace coppice::cli {

struct EnergyOptions {
  energy::PlaceQuery place;                   // empty: joules, but no CO2e
  std::optional<double> intensity_g_per_kwh;  // instead of any table
  std::optional<double> pue;                  // power usage effectiveness of the building
  std::optional<double> tdp_watts;            // of the processor, instead of the table's
};

void add_energy_options(CLI::App& command, EnergyOptions& options);

}  // namespace coppice::cli
