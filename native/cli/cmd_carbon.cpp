// coppice carbon: an amount of electricity to CO2e, by place.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "native/cli/command.h"
#include "native/cli/hand_over.h"
#include "native/cli/place_options.h"
#include "shared/base/json.h"
#include "shared/energy/market.h"
#include "shared/energy/published.h"
#include "shared/energy/regions.h"
#include "shared/energy/site.h"

namespace coppice::cli {
namespace {

struct CarbonArguments {
  double kwh = 0.0;
  bool list = false;
  PlaceArguments place;
  LiveAccess live;
  std::optional<double> market_intensity;
  std::string pue;
  std::optional<double> wue;
  std::string compat;
  bool json = false;
};

struct Site {
  double pue = energy::kDefaultPue;
  std::string source;
  std::optional<energy::KnownPue> known;
};

Result<Site> find_site(const CarbonArguments& arguments) {
  Site site;
  const energy::PlaceQuery& place = arguments.place.place;
  site.known = energy::known_pue(place.cloud_provider, place.cloud_region);
  if (arguments.pue.empty()) {
    site.source = "default: the energy given is taken as the building's";
  } else if (arguments.pue == "table") {
    if (!site.known) {
      return not_found(
          "--pue table: a PUE is known for Google Cloud regions only (--cloud gcp --cloud-region R); give "
          "--pue a number");
    }
    site.pue = site.known->value;
    site.source = site.known->source;
  } else {
    char* end = nullptr;
    site.pue = std::strtod(arguments.pue.c_str(), &end);
    if (*end != '\0') return invalid_usage("--pue: expected a number or \"table\", found \"" + arguments.pue + "\"");
    COPPICE_RETURN_IF_ERROR(energy::check_pue(site.pue));
    site.source = "given by the user";
  }
  return site;
}

// The whole answer: the fields that scripts rely on first.
struct Answer {
  double kilograms = 0.0;
  energy::Intensity intensity;
  energy::Figure<energy::GramsPerKwh> range;
  Site site;
  std::optional<energy::MarketBased> market;
  std::string no_market;  // why there is none
  std::optional<double> water_litres;
};

Result<Answer> work_out(const CarbonArguments& arguments) {
  COPPICE_RETURN_IF_ERROR(energy::check_kwh(arguments.kwh));
  const bool compat = !arguments.compat.empty();
  Answer answer;
  COPPICE_ASSIGN_OR_RETURN(const energy::PlaceQuery place, place_query(arguments.place));
  COPPICE_ASSIGN_OR_RETURN(answer.site, find_site(arguments));
  if (arguments.wue) COPPICE_RETURN_IF_ERROR(energy::check_wue(*arguments.wue));
  if (compat) {
    answer.intensity = energy::resolve_intensity_as_codecarbon(place);
    answer.range = {answer.intensity.value, answer.intensity.value, answer.intensity.value, {}};
  } else {
    COPPICE_ASSIGN_OR_RETURN(answer.intensity, find_intensity(arguments.place, place, arguments.live.make_source,
                                                              [](const std::string& warning) {
                                                                std::cerr << "coppice carbon: " << warning << '\n';
                                                              }));
    answer.range = energy::with_published_range(place, answer.intensity);
    std::optional<energy::GramsPerKwh> given;
    if (arguments.market_intensity) given = energy::GramsPerKwh(*arguments.market_intensity);
    Result<energy::MarketBased> market = energy::market_based(place, given);
    if (market) {
      answer.market = std::move(*market);
    } else if (market.status().code() == StatusCode::kNotFound) {
      answer.no_market = market.status().message();
    } else {
      return market.status();
    }
  }
  const double building_kwh = arguments.kwh * answer.site.pue;
  answer.kilograms = building_kwh * (answer.intensity.value.value() / 1000.0);
  if (arguments.wue) {
    // CodeCarbon takes the building's energy, the definition of WUE the machines'.
    answer.water_litres = energy::water_litres(energy::from_kwh(compat ? building_kwh : arguments.kwh), *arguments.wue);
  }
  return answer;
}

OrderedJson to_json(const CarbonArguments& arguments, const Answer& answer) {
  const bool compat = !arguments.compat.empty();
  const double building_kwh = arguments.kwh * answer.site.pue;
  OrderedJson json;
  json["kg_co2e"] = answer.kilograms;
  json["kwh"] = arguments.kwh;
  json.update(energy::to_json(answer.intensity));
  json["pue"] = answer.site.pue;
  json["pue_source"] = answer.site.source;
  if (answer.site.known) json["pue_known"] = answer.site.known->value;
  if (answer.water_litres) {
    json["wue_litres_per_kwh"] = *arguments.wue;
    json["water_litres"] = *answer.water_litres;
  }
  if (compat) {
    json["compat"] = arguments.compat;
    return json;
  }
  json["kg_co2e_low"] = building_kwh * answer.range.low.value() / 1000.0;
  json["kg_co2e_high"] = building_kwh * answer.range.high.value() / 1000.0;
  json["basis"] = "location-based";
  json["provenance"] = to_string(answer.range.provenance.kind);
  json["method"] = "kWh given x PUE x " + answer.range.provenance.method;
  json["market_based"] = nullptr;
  if (answer.market) {
    const auto& market = answer.market->intensity;
    json["market_based"] = {{"kg_co2e", building_kwh * market.value.value() / 1000.0},
                            {"kg_co2e_low", building_kwh * market.low.value() / 1000.0},
                            {"kg_co2e_high", building_kwh * market.high.value() / 1000.0},
                            {"intensity_g_per_kwh", market.value.value()},
                            {"provenance", to_string(market.provenance.kind)},
                            {"method", market.provenance.method},
                            {"is_not", answer.market->is_not}};
  } else {
    json["market_based_absent"] = answer.no_market;
  }
  return json;
}

void print(const CarbonArguments& arguments, const Answer& answer) {
  const energy::Intensity& intensity = answer.intensity;
  const double building_kwh = arguments.kwh * answer.site.pue;
  std::cout << answer.kilograms << " kg CO2e for " << arguments.kwh << " kWh";
  if (answer.site.pue != 1.0) std::cout << " x PUE " << answer.site.pue;
  std::cout << " at " << intensity.value.value() << " g/kWh\n  place:  " << intensity.place << " ("
            << to_string(intensity.resolved) << ")\n  source: " << intensity.source;
  if (intensity.year != 0 && !intensity.live) std::cout << ", " << intensity.year;
  std::cout << '\n';
  if (!arguments.compat.empty()) return;
  std::cout << "  range:  " << building_kwh * answer.range.low.value() / 1000.0 << " to "
            << building_kwh * answer.range.high.value() / 1000.0 << " kg\n  method: " << answer.range.provenance.method
            << "\n  PUE:    " << answer.site.pue << ", " << answer.site.source;
  if (answer.site.known && arguments.pue.empty())
    std::cout << " (--pue table would take " << answer.site.known->value << ")";
  std::cout << "\nMarket-based, apart: ";
  if (answer.market) {
    const auto& market = answer.market->intensity;
    std::cout << building_kwh * market.value.value() / 1000.0 << " kg (" << building_kwh * market.low.value() / 1000.0
              << " to " << building_kwh * market.high.value() / 1000.0 << "), " << to_string(market.provenance.kind)
              << "\n  method: " << market.provenance.method << "\n  not:    " << answer.market->is_not << '\n';
  } else {
    std::cout << "none: " << answer.no_market << '\n';
  }
}

// Of one provider, for a person or a script that chooses.
Status list_regions(const CarbonArguments& arguments) {
  const energy::PlaceQuery& place = arguments.place.place;
  if (place.cloud_provider.empty()) return invalid_usage("--list: of which cloud? Give --cloud gcp");
  COPPICE_ASSIGN_OR_RETURN(const auto regions, energy::cloud_regions(place.cloud_provider, place.year.value_or(0)));
  OrderedJson json;
  json["regions"] = OrderedJson::array();
  for (const energy::CloudRegion& region : regions) {
    json["regions"].push_back(energy::to_json(region));
    if (arguments.json) continue;
    std::cout << region.region << ": " << region.intensity.value() << " g/kWh in " << region.year << ", PUE "
              << region.pue;
    if (region.carbon_free_share) std::cout << ", carbon-free " << 100.0 * *region.carbon_free_share << " %";
    if (!region.place.empty()) std::cout << " (" << region.place << ", " << region.country << ")";
    std::cout << '\n';
  }
  if (arguments.json) std::cout << dump_json(json) << '\n';
  std::cout.flush();
  return std::cout ? Status() : failed("standard output: cannot be written");
}

Status carbon(const CarbonArguments& arguments) {
  if (arguments.list) return list_regions(arguments);
  COPPICE_ASSIGN_OR_RETURN(const Answer answer, work_out(arguments));
  if (!answer.intensity.note.empty()) std::cerr << "coppice carbon: " << answer.intensity.note << '\n';
  if (arguments.json) {
    std::cout << dump_json(to_json(arguments, answer)) << '\n';
  } else {
    print(arguments, answer);
    if (answer.water_litres) {
      std::cout << "Water: " << *answer.water_litres << " litres at " << *arguments.wue << " litres/kWh\n";
    }
  }
  std::cout.flush();
  return std::cout ? Status() : failed("standard output: cannot be written");
}

}  // namespace

void add_carbon(CLI::App& app, Outcome& outcome, const LiveAccess& live) {
  CLI::App* command = app.add_subcommand("carbon", "CO2e of an amount of electricity, by place");
  command->footer(
      "The most exact place answers: --intensity, then the cloud region, the region, the country. Location-based\n"
      "annual means; the range is that of published values. A place that is not known is an error that names near\n"
      "ones; --country WORLD asks for the world average. Market-based carbon stands apart: from --market-intensity, "
      "or\n"
      "for Google Cloud regions as an approximation (grid x (1 - CFE)).\n"
      "--compat codecarbon: tables and fall-backs of CodeCarbon 3.3.2 (an unknown place ends at 475 g/kWh).\n"
      "coppice carbon --cloud gcp --list: regions to choose from; JSON "
      "{\"regions\":[{\"region\",\"intensity_g_per_kwh\",\n"
      "\"carbon_free_share\",\"pue\",\"year\",...}]}\n"
      "JSON: {\"kg_co2e\",\"kwh\",\"intensity_g_per_kwh\",\"resolved\",\"place\",\"source\",\"year\",\"pue\",...,"
      "\"market_based\"}\n");
  auto arguments = std::make_shared<CarbonArguments>();
  CLI::Option* kwh = command->add_option("--kwh", arguments->kwh, "Electricity in kWh");
  add_place_options(*command, arguments->place);
  CLI::Option* list =
      command->add_flag("--list", arguments->list,
                        "The regions of --cloud instead, lowest grid intensity first, with carbon-free\n"
                        "share, PUE and year");
  list->excludes(kwh);
  for (const char* other :
       {"--country", "--region", "--cloud-region", "--intensity", "--intensity-table", "--live", "--live-or-table"}) {
    list->excludes(command->get_option(other));
  }
  CLI::Option* market = command->add_option("--market-intensity", arguments->market_intensity,
                                            "g/kWh of your contract or residual mix, for the market-based figure");
  command->add_option(
      "--pue", arguments->pue,
      "Power usage effectiveness of the building, at least 1 (default 1), or \"table\" for the known one\n"
      "of a Google Cloud region");
  command->add_option("--wue", arguments->wue, "Water usage effectiveness in litres per kWh of the machines");
  command->add_option("--compat", arguments->compat, "Answer as another tool does")
      ->check(CLI::IsMember({"codecarbon"}))
      ->excludes(market)
      ->excludes(command->get_option("--live"))
      ->excludes(command->get_option("--live-or-table"))
      ->excludes(command->get_option("--year"))
      ->excludes(command->get_option("--intensity-table"));
  command->add_flag("--json", arguments->json, "One JSON document on standard output");
  arguments->live = live;
  command->callback([arguments, kwh, &outcome] {
    if (!arguments->list && kwh->count() == 0) {
      outcome.exit_code = report("carbon", invalid_usage("--kwh is needed: how much electricity"));
      return;
    }
    outcome.exit_code = work_or_hand_over("carbon", arguments->place, arguments->live,
                                          [&] { return report("carbon", carbon(*arguments)); });
  });
}

}  // namespace coppice::cli
