// coppice sci: a Software Carbon Intensity score (ISO/IEC 21031) with its boundary and method.
#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "native/cli/command.h"
#include "native/cli/embodied_options.h"
#include "native/cli/hand_over.h"
#include "native/cli/place_options.h"
#include "shared/base/json.h"
#include "shared/energy/intensity_table.h"
#include "shared/energy/published.h"
#include "shared/energy/sci.h"
#include "shared/energy/site.h"
#include "shared/records/figure.h"
#include "shared/records/run_record.h"

namespace coppice::cli {
namespace {

constexpr double kMostHours = 24.0 * 366.0 * 100.0;
constexpr size_t kMostRecordBytes = size_t{64} << 20;

struct SciArguments {
  std::optional<double> kwh;
  std::string record;
  std::optional<double> hours;
  std::optional<double> pue;
  PlaceArguments place;
  LiveAccess live;
  EmbodiedArguments embodied;
  std::string functional_unit;
  std::optional<double> units;
  std::string boundary;
  bool json = false;
};

// Energy, time and, where no place was named, the intensity of a run that was recorded.
Status read_record(const SciArguments& arguments, energy::SciInputs& inputs, bool& has_intensity) {
  COPPICE_ASSIGN_OR_RETURN(const std::string text, read_text_file(arguments.record, kMostRecordBytes));
  COPPICE_ASSIGN_OR_RETURN(const records::RunRecord record, records::parse_run_record(text, arguments.record));
  if (!record.energy || !record.energy->contains("energy_joules")) {
    return invalid_input(arguments.record + ": energy.energy_joules: the run has no energy figure; take another run");
  }
  COPPICE_ASSIGN_OR_RETURN(inputs.energy,
                           records::parse_figure<energy::Joules>((*record.energy)["energy_joules"],
                                                                 arguments.record + ": energy.energy_joules"));
  JsonReader reader(*record.energy, arguments.record + ": energy");
  inputs.reserved = energy::Seconds(reader.number("duration_seconds"));
  inputs.boundary = "energy of run " + record.run_id + " (" + record.kind + "), scope " +
                    reader.string_or("scope", "not told") + ", PUE " + dump_json(Json(reader.number_or("pue", 1.0)));
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (!arguments.place.place.empty() || arguments.place.intensity || arguments.place.wants_live()) return {};
  if (!record.energy->contains("intensity")) {
    return invalid_usage(arguments.record + ": the run has no place; name one, e.g. with --country");
  }
  JsonReader place((*record.energy)["intensity"], arguments.record + ": energy.intensity");
  inputs.place.value = energy::GramsPerKwh(place.number("intensity_g_per_kwh"));
  inputs.place.place = place.string("place");
  inputs.place.source = place.string("source") + " (of the record)";
  inputs.place.year = static_cast<int>(place.integer_or("year", 0));
  COPPICE_RETURN_IF_ERROR(place.status());
  if (!(inputs.place.value.value() >= 0.0 && inputs.place.value.value() <= energy::kMostGramsPerKwh)) {
    return invalid_input(arguments.record + ": energy.intensity.intensity_g_per_kwh: expected 0 to 3000");
  }
  inputs.intensity = {inputs.place.value,
                      inputs.place.value,
                      inputs.place.value,
                      {energy::ProvenanceKind::kModelled, "intensity of the record, " + inputs.place.source}};
  has_intensity = true;
  return {};
}

Result<energy::SciInputs> gather(const SciArguments& arguments) {
  energy::SciInputs inputs;
  bool has_intensity = false;
  if (!arguments.record.empty()) {
    if (arguments.pue) return invalid_usage("--pue: the energy of a record has its PUE in it already");
    COPPICE_RETURN_IF_ERROR(read_record(arguments, inputs, has_intensity));
  } else {
    if (!arguments.kwh) return invalid_usage("give the energy: --kwh N, or --record FILE of a tracked run");
    COPPICE_RETURN_IF_ERROR(energy::check_kwh(*arguments.kwh));
    if (!arguments.hours) return invalid_usage("--hours is needed: how long the hardware was reserved for the work");
    const double pue = arguments.pue.value_or(energy::kDefaultPue);
    COPPICE_RETURN_IF_ERROR(energy::check_pue(pue));
    const energy::Joules energy = energy::from_kwh(*arguments.kwh * pue);
    inputs.energy = {
        energy, energy, energy, {energy::ProvenanceKind::kAssumed, "kWh given by the user, no interval given"}};
    inputs.boundary = "electricity given by the user, PUE " + dump_json(Json(pue));
  }
  if (arguments.hours) {
    if (!(*arguments.hours >= 0.0 && *arguments.hours <= kMostHours)) {
      return invalid_usage("--hours: expected a number of hours that is not negative, not " +
                           std::to_string(*arguments.hours));
    }
    inputs.reserved = energy::Seconds(*arguments.hours * 3600.0);
  }
  if (!arguments.boundary.empty()) inputs.boundary = arguments.boundary;
  if (!has_intensity) {
    COPPICE_ASSIGN_OR_RETURN(const energy::PlaceQuery place, place_query(arguments.place));
    COPPICE_ASSIGN_OR_RETURN(inputs.place, find_intensity(arguments.place, place, arguments.live.make_source,
                                                          [](const std::string& warning) {
                                                            std::cerr << "coppice sci: " << warning << '\n';
                                                          }));
    inputs.intensity = energy::with_published_range(place, inputs.place);
  }
  COPPICE_ASSIGN_OR_RETURN(const auto hardware, find_hardware(arguments.embodied));
  if (!hardware) {
    return invalid_usage(
        "SCI counts the making of the hardware: give --machine-type, --device, --server or --embodied-kg");
  }
  inputs.hardware = *hardware;
  inputs.functional_unit = arguments.functional_unit;
  inputs.units = arguments.units.value_or(1.0);
  return inputs;
}

void print(const energy::SciInputs& inputs, const energy::Sci& sci) {
  const auto line = [](const char* name, const energy::Figure<energy::GramsCo2e>& figure) {
    std::cout << name << figure.value.value() << " g (" << figure.low.value() << " to " << figure.high.value() << "), "
              << to_string(figure.provenance.kind) << '\n';
  };
  std::cout << "SCI: " << sci.score.value.value() << " g CO2e per " << inputs.functional_unit << " ("
            << sci.score.low.value() << " to " << sci.score.high.value() << ")\n";
  line("  operational, all units: ", sci.operational);
  line("  embodied, all units:    ", sci.embodied);
  std::cout
      << "  units:    " << inputs.units << " x " << inputs.functional_unit << "\n  place:    " << inputs.place.place
      << ", " << inputs.place.value.value() << " g/kWh, " << inputs.place.source
      << "\n  boundary: operational: " << inputs.boundary << "; embodied: " << inputs.hardware.boundary
      << "\n  method:   SCI 1.1 (ISO/IEC 21031:2024), location-based; compare only with a score made the same way\n";
}

Status score(const SciArguments& arguments) {
  COPPICE_ASSIGN_OR_RETURN(const energy::SciInputs inputs, gather(arguments));
  COPPICE_ASSIGN_OR_RETURN(const energy::Sci sci, energy::software_carbon_intensity(inputs));
  if (!inputs.place.note.empty()) std::cerr << "coppice sci: " << inputs.place.note << '\n';
  if (arguments.json) {
    std::cout << dump_json(to_json(inputs, sci)) << '\n';
  } else {
    print(inputs, sci);
  }
  std::cout.flush();
  return std::cout ? Status() : failed("standard output: cannot be written");
}

}  // namespace

void add_sci(CLI::App& app, Outcome& outcome, const LiveAccess& live) {
  CLI::App* command = app.add_subcommand("sci", "Software Carbon Intensity (ISO/IEC 21031) of a piece of work");
  command->footer(
      "coppice sci --record runs/log/runs/track-....json --units 5 --functional-unit \"1000 reviews\" --device laptop\n"
      "coppice sci --kwh 0.2 --hours 3 --country FRA --machine-type n2-standard-8 --functional-unit \"training run\"\n"
      "SCI = (E x I + M) / R. E is the electricity of the hardware reserved, not only used; I is location-based, no\n"
      "market-based instrument and no offset; M = TE x (TiR / EL) x (RR / ToR). The score is told with its boundary.\n"
      "JSON: {\"sci_grams_co2e_per_unit\",\"low\",\"high\",\"functional_unit\",\"units\",\"operational_grams_co2e\",\n"
      "\"embodied_grams_co2e\",\"energy_joules\",\"intensity\",\"boundary\",\"method\"}\n");
  auto arguments = std::make_shared<SciArguments>();
  CLI::Option* kwh = command->add_option("--kwh", arguments->kwh, "Electricity of all units together, kWh");
  command->add_option("--record", arguments->record, "Run record with energy, duration and place, instead of --kwh")
      ->excludes(kwh);
  command->add_option("--hours", arguments->hours, "Time the hardware was reserved (of a record: its duration)");
  command->add_option("--pue", arguments->pue, "Power usage effectiveness of the building, at least 1 (default 1)");
  add_place_options(*command, arguments->place);
  add_embodied_options(*command, arguments->embodied);
  command->add_option("--functional-unit", arguments->functional_unit, "What the score is per, e.g. \"1000 reviews\"")
      ->required();
  command->add_option("--units", arguments->units, "How many of them the energy was for (default 1)");
  command->add_option("--boundary", arguments->boundary, "What the energy counts, in your words");
  command->add_flag("--json", arguments->json, "One JSON document on standard output");
  arguments->live = live;
  command->callback([arguments, &outcome] {
    outcome.exit_code =
        work_or_hand_over("sci", arguments->place, arguments->live, [&] { return report("sci", score(*arguments)); });
  });
}

}  // namespace coppice::cli
