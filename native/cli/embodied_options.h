// The options that name the hardware whose making is counted, alike in `sci` and `track`.
#pragma once

#include <optional>
#include <string>

#include "shared/base/status.h"
#include "shared/energy/embodied.h"

namespace CLI {
class App;  // its header costs seconds to compile: for the sources alone
}

namespace coppice::cli {

struct EmbodiedArguments {
  std::optional<double> total_kg;
  std::string machine_type;
  std::string device;
  std::string server;
  std::optional<double> lifespan_years;
  std::optional<double> share;
};

void add_embodied_options(CLI::App& command, EmbodiedArguments& arguments);

// Absent where nothing was named. Errors: more than one named, a lifespan or share without any, values that make no
// sense.
Result<std::optional<energy::Hardware>> find_hardware(const EmbodiedArguments& arguments);

}  // namespace coppice::cli
