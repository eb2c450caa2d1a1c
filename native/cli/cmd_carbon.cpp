// coppice carbon: an amount of electricity to CO2e, by place.
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "native/cli/command.h"
#include "shared/base/json.h"
#include "shared/energy/carbon.h"

namespace coppice::cli {
namespace {

// More than the world's electricity of a year (about 3e13 kWh): a slip of the unit.
constexpr double kMostKwh = 1e14;

struct CarbonArguments {
  double kwh = 0.0;
  energy::PlaceQuery place;
  std::optional<double> intensity;
  std::string compat;
  bool json = false;
};

Status carbon(const CarbonArguments& arguments) {
  if (!std::isfinite(arguments.kwh) || arguments.kwh < 0.0 || arguments.kwh > kMostKwh) {
    return invalid_usage("--kwh: expected a number of kWh from 0 to 1e14, not " + std::to_string(arguments.kwh));
  }
  energy::PlaceQuery place = arguments.place;
  if (arguments.intensity) {
    if (!std::isfinite(*arguments.intensity) || *arguments.intensity < 0.0) {
      return invalid_usage("--intensity: expected a number of g/kWh that is not negative, not " +
                           std::to_string(*arguments.intensity));
    }
    place.forced = energy::GramsPerKwh(*arguments.intensity);
  }
  energy::Intensity intensity;
  if (arguments.compat.empty()) {
    COPPICE_ASSIGN_OR_RETURN(intensity, energy::resolve_intensity(place));
  } else {
    intensity = energy::resolve_intensity_as_codecarbon(place);
  }
  const double kilograms = arguments.kwh * (intensity.value.value() / 1000.0);
  if (!intensity.note.empty()) std::cerr << "coppice carbon: " << intensity.note << '\n';
  if (arguments.json) {
    OrderedJson json;
    json["kg_co2e"] = kilograms;
    json["kwh"] = arguments.kwh;
    json.update(to_json(intensity));
    if (!arguments.compat.empty()) json["compat"] = arguments.compat;
    std::cout << dump_json(json) << '\n';
  } else {
    std::cout << kilograms << " kg CO2e for " << arguments.kwh << " kWh at " << intensity.value.value()
              << " g/kWh\n  place:  " << intensity.place << " (" << to_string(intensity.resolved)
              << ")\n  source: " << intensity.source;
    if (intensity.year != 0) std::cout << ", " << intensity.year;
    std::cout << '\n';
  }
  std::cout.flush();
  return std::cout ? Status() : failed("standard output: cannot be written");
}

}  // namespace

void add_carbon(CLI::App& app, Outcome& outcome) {
  CLI::App* command = app.add_subcommand("carbon", "CO2e of an amount of electricity, by place");
  command->footer(
      "The most exact place answers: --intensity, then the cloud region, the region, the country. Location-based "
      "annual\n"
      "means. A place that is not known is an error that names near ones; --country WORLD asks for the world average.\n"
      "--compat codecarbon: tables and fall-backs of CodeCarbon 3.3.2 (an unknown place ends at 475 g/kWh).\n"
      "JSON: {\"kg_co2e\",\"kwh\",\"intensity_g_per_kwh\",\"resolved\",\"place\",\"source\",\"year\"}\n");
  auto arguments = std::make_shared<CarbonArguments>();
  command->add_option("--kwh", arguments->kwh, "Electricity in kWh")->required();
  command->add_option("--country", arguments->place.country, "ISO 3166 alpha-3 code, e.g. FRA; WORLD for the world");
  command->add_option("--region", arguments->place.region,
                      "US state, Canadian or Chinese province, Nordic bidding zone");
  command->add_option("--cloud", arguments->place.cloud_provider, "Cloud provider: gcp, aws or azure");
  command->add_option("--cloud-region", arguments->place.cloud_region, "Its region, e.g. europe-west2");
  command->add_option("--intensity", arguments->intensity, "Carbon intensity in g/kWh, instead of any table");
  command->add_option("--compat", arguments->compat, "Answer as another tool does")
      ->check(CLI::IsMember({"codecarbon"}));
  command->add_flag("--json", arguments->json, "One JSON document on standard output");
  command->callback([arguments, &outcome] { outcome.exit_code = report("carbon", carbon(*arguments)); });
}

}  // namespace coppice::cli
