#include "native/cli/embodied_options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

namespace coppice::cli {

namespace {

// As long as most servers are kept, for a figure that comes without a life of its own.
constexpr double kDefaultYears = 4.0;

// "memory-gb=256,processors=2,ssds=2,gpus=1": each once, in any order.
Result<energy::ServerParts> parse_server(const std::string& text) {
  energy::ServerParts parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const std::string part = text.substr(at, comma - at);
    at = comma + 1;
    const size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    const std::string digits = equals == std::string::npos ? "" : part.substr(equals + 1);
    char* end = nullptr;
    const double value = std::strtod(digits.c_str(), &end);
    const bool number = !digits.empty() && *end == '\0' && digits.find_first_not_of("0123456789.") == std::string::npos;
    const auto count = [&](int& target) {
      if (value > 1e6 || value != static_cast<int>(value)) return false;
      target = static_cast<int>(value);
      return true;
    };
    bool known = number;
    if (known && name == "memory-gb") {
      parts.memory_gb = value;
    } else if (known) {
      known = (name == "processors" && count(parts.processors)) || (name == "disks" && count(parts.disks)) ||
              (name == "ssds" && count(parts.ssds)) || (name == "gpus" && count(parts.gpus));
    }
    if (!known) {
      return invalid_usage(
          "--server: expected memory-gb=N and any of processors=N, disks=N, ssds=N, gpus=N separated by "
          "commas, found \"" +
          part + "\"");
    }
  }
  return parts;
}

}  // namespace

void add_embodied_options(CLI::App& command, EmbodiedArguments& arguments) {
  CLI::Option* kg = command.add_option("--embodied-kg", arguments.total_kg,
                                       "Embodied emissions of the whole device or host, kg CO2e");
  CLI::Option* type = command.add_option("--machine-type", arguments.machine_type,
                                         "Google Cloud machine type, e.g. n2-standard-8: its part of the host");
  CLI::Option* device = command.add_option("--device", arguments.device, "laptop, desktop, phone or tablet");
  CLI::Option* server = command.add_option("--server", arguments.server,
                                           "A server by its parts: memory-gb=256,processors=2,disks=0,ssds=2,gpus=1");
  kg->excludes(type)->excludes(device)->excludes(server);
  type->excludes(device)->excludes(server);
  device->excludes(server);
  command.add_option("--lifespan-years", arguments.lifespan_years, "Expected life of the hardware (4 for a server)");
  command.add_option("--share", arguments.share, "Part of the hardware that was reserved, more than 0 to 1");
}

Result<std::optional<energy::Hardware>> find_hardware(const EmbodiedArguments& arguments) {
  const bool named =
      arguments.total_kg || !arguments.machine_type.empty() || !arguments.device.empty() || !arguments.server.empty();
  if (!named) {
    if (arguments.lifespan_years || arguments.share) {
      return invalid_usage("--lifespan-years and --share need --embodied-kg, --machine-type, --device or --server");
    }
    return std::optional<energy::Hardware>();
  }
  if (arguments.total_kg) {
    COPPICE_ASSIGN_OR_RETURN(
        auto given, energy::hardware_given(*arguments.total_kg, arguments.lifespan_years.value_or(kDefaultYears),
                                           arguments.share.value_or(1.0)));
    return std::optional(std::move(given));
  }
  Result<energy::Hardware> hardware = [&]() -> Result<energy::Hardware> {
    if (!arguments.machine_type.empty()) return energy::hardware_of_machine_type(arguments.machine_type);
    if (!arguments.device.empty()) return energy::hardware_of_device(arguments.device);
    COPPICE_ASSIGN_OR_RETURN(const auto parts, parse_server(arguments.server));
    return energy::hardware_of_server(parts);
  }();
  if (hardware && arguments.lifespan_years)
    hardware = energy::with_lifespan(std::move(*hardware), *arguments.lifespan_years);
  if (hardware && arguments.share) hardware = energy::with_share(std::move(*hardware), *arguments.share);
  if (!hardware) return hardware.status();
  return std::optional(std::move(*hardware));
}

}  // namespace coppice::cli
