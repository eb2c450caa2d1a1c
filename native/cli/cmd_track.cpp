// coppice track: runs a command and records the energy and carbon of it and all it starts.
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "native/cli/command.h"
#include "native/cli/embodied_options.h"
#include "native/cli/hand_over.h"
#include "native/cli/place_options.h"
#include "native/energy/child_process.h"
#include "native/energy/emissions_csv.h"
#include "native/energy/prometheus.h"
#include "native/energy/settings.h"
#include "native/energy/tracker.h"
#include "native/export/run_recorder.h"
#include "native/io/file.h"
#include "shared/base/json.h"
#include "shared/energy/site.h"

namespace coppice::cli {
namespace {

struct TrackArguments {
  PlaceArguments place;
  LiveAccess live;
  EmbodiedArguments embodied;
  std::string output;
  std::string csv_name;  // only from CodeCarbon's settings; "" is emissions.csv
  std::string project;
  std::string experiment;
  std::string scope;
  std::string cgroup;
  std::string prometheus;
  std::string compat;
  std::optional<double> tdp_watts;
  std::optional<double> pue;
  std::optional<double> wue;
  std::optional<double> period_seconds;
  bool json = false;
  bool quiet = false;
  std::vector<std::string> command;
};

Result<double> to_number(const std::string& text, const std::string& where) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value)) {
    return invalid_usage(where + ": expected a number, found \"" + text + "\"");
  }
  return value;
}

// Fills what the command line left open from CodeCarbon's settings, and lists what came from there.
Status apply_settings(TrackArguments& arguments, std::vector<std::string>& used) {
  COPPICE_ASSIGN_OR_RETURN(const auto settings, energy::codecarbon_settings_of_process());
  const auto find = [&](const char* key) -> const energy::Setting* {
    const auto found = settings.find(key);
    if (found == settings.end() || found->second.value.empty()) return nullptr;
    used.push_back(std::string(key) + " from " + found->second.source);
    return &found->second;
  };
  const auto text = [&](const char* key, std::string& target) {
    if (!target.empty()) return;
    if (const energy::Setting* setting = find(key)) target = setting->value;
  };
  const auto number = [&](const char* key, std::optional<double>& target) -> Status {
    if (target) return {};
    if (const energy::Setting* setting = find(key)) {
      COPPICE_ASSIGN_OR_RETURN(target, to_number(setting->value, setting->source + ": " + key));
    }
    return {};
  };
  // A place on the command line is a whole: a region of the settings must not meet a country of the command line.
  energy::PlaceQuery& place = arguments.place.place;
  if (place.empty() && !arguments.place.intensity && !arguments.place.live) {
    text("country_iso_code", place.country);
    text("region", place.region);
    text("cloud_provider", place.cloud_provider);
    text("cloud_region", place.cloud_region);
    if (!arguments.place.wants_live()) {
      COPPICE_RETURN_IF_ERROR(number("force_carbon_intensity_g_co2e_kwh", arguments.place.intensity));
    }
  }
  text("output_dir", arguments.output);
  text("output_file", arguments.csv_name);
  if (arguments.csv_name.find('/') != std::string::npos) {
    return invalid_usage("output_file: expected a file name below the output folder, found \"" + arguments.csv_name +
                         "\"");
  }
  text("project_name", arguments.project);
  text("experiment_id", arguments.experiment);
  text("tracking_mode", arguments.scope);
  COPPICE_RETURN_IF_ERROR(number("pue", arguments.pue));
  COPPICE_RETURN_IF_ERROR(number("wue", arguments.wue));
  COPPICE_RETURN_IF_ERROR(number("measure_power_secs", arguments.period_seconds));
  return {};
}

// All that can be found out before the command is made: place, live intensity, hardware.
Result<energy::TrackerOptions> options_before_start(const TrackArguments& arguments) {
  energy::TrackerOptions options;
  COPPICE_ASSIGN_OR_RETURN(options.place, place_query(arguments.place));
  COPPICE_ASSIGN_OR_RETURN(options.hardware, find_hardware(arguments.embodied));
  if (arguments.wue) COPPICE_RETURN_IF_ERROR(energy::check_wue(*arguments.wue));
  if (!arguments.place.wants_live()) return options;
  const auto say = [](const std::string& warning) { std::cerr << "coppice track: " << warning << '\n'; };
  COPPICE_ASSIGN_OR_RETURN(options.intensity,
                           find_intensity(arguments.place, options.place, arguments.live.make_source, say));
  if (!options.intensity->note.empty()) say(options.intensity->note);
  // Where the table answered for it, the table answers for the whole run.
  if (options.intensity->live) {
    COPPICE_ASSIGN_OR_RETURN(options.refresh_intensity,
                             arguments.live.make_source(arguments.place, [](const std::string&) {}));
  }
  return options;
}

Result<energy::TrackerOptions> tracker_options(const TrackArguments& arguments, energy::TrackerOptions options,
                                               int pid) {
  if (arguments.scope == "machine") {
    options.scope = energy::Scope::kMachine;
  } else if (arguments.scope == "container") {
    options.scope = energy::Scope::kContainer;
    options.cgroup = arguments.cgroup;
  } else if (!arguments.scope.empty() && arguments.scope != "process") {
    return invalid_usage("--scope (tracking_mode): expected process, container or machine, not \"" + arguments.scope +
                         "\"");
  }
  options.process_tree = pid;
  if (arguments.tdp_watts) options.cpu_tdp = energy::Watts(*arguments.tdp_watts);
  if (arguments.pue) options.pue = *arguments.pue;
  if (arguments.period_seconds) options.sampling_period = energy::Seconds(*arguments.period_seconds);
  options.compat_codecarbon = !arguments.compat.empty();
  return options;
}

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &local);
  return text;
}

std::string os_name() {
  utsname name{};
  return ::uname(&name) == 0 ? std::string(name.sysname) + "-" + name.release + "-" + name.machine : "";
}

std::string summary(const energy::EnergyReport& report) {
  std::ostringstream text;
  text << std::setprecision(3) << "coppice track: " << report.total.duration.value() << " s, "
       << report.total.cpu_time.value() << " s of CPU time";
  if (const auto& figure = report.total.energy) {
    text << ", " << figure->value.value() << " J (" << figure->low.value() << " to " << figure->high.value() << "), "
         << to_string(figure->provenance.kind);
  } else {
    text << ", energy unknown";
  }
  if (const auto& figure = report.total.emissions) {
    text << ", " << figure->value.value() << " g CO2e (" << report.intensity->place << ", "
         << report.intensity->value.value() << " g/kWh)";
  }
  if (report.hardware) {
    const auto embodied = energy::embodied_emissions(*report.hardware, report.total.duration);
    text << "; apart from it, embodied: " << embodied.value.value() << " g CO2e (" << embodied.low.value() << " to "
         << embodied.high.value() << "), " << to_string(embodied.provenance.kind);
  }
  return text.str();
}

// By the definition of WUE, of the machine's energy; the column of emissions.csv follows CodeCarbon, PUE and all.
OrderedJson water_json(const energy::EnergyReport& report, double wue) {
  const energy::Figure<energy::Joules> machine = *report.total.energy * (1.0 / report.pue);
  OrderedJson json;
  json["value"] = energy::water_litres(machine.value, wue);
  json["low"] = energy::water_litres(machine.low, wue);
  json["high"] = energy::water_litres(machine.high, wue);
  json["provenance"] = to_string(machine.provenance.kind);
  json["method"] = "energy without PUE x " + dump_json(Json(wue)) + " litres/kWh given by the user";
  return json;
}

Status status_of(const energy::ChildEnd& end) {
  if (!end.start_error.empty()) return failed(end.start_error);
  if (end.signal != 0) {
    const std::string text = std::string("ended by signal ") + std::to_string(end.signal);
    return end.interrupted ? interrupted(text) : failed(text);
  }
  return end.exit_code == 0 ? Status() : failed("exit code " + std::to_string(end.exit_code));
}

// The exit code of the command, also where the record could not be written: a wrapper must not turn success of the work
// into failure. What could not be written is said.
Result<int> track(TrackArguments arguments) {
  std::vector<std::string> from_settings;
  if (!arguments.cgroup.empty()) {
    if (arguments.scope.empty()) arguments.scope = "container";
    if (arguments.scope != "container") return invalid_usage("--cgroup goes with --scope container only");
  }
  COPPICE_RETURN_IF_ERROR(apply_settings(arguments, from_settings));
  if (arguments.output.empty()) return invalid_usage("--output DIR is needed (or output_dir in .codecarbon.config)");
  std::error_code error;
  std::filesystem::create_directories(arguments.output, error);
  if (error) return failed("--output " + arguments.output + ": cannot be made: " + error.message());

  COPPICE_ASSIGN_OR_RETURN(energy::TrackerOptions options, options_before_start(arguments));
  // With --json, standard output belongs to the document: the command's own output goes to standard error.
  COPPICE_ASSIGN_OR_RETURN(const auto child, energy::ChildProcess::prepare(arguments.command, arguments.json));
  RunRecorder recorder("track", typed_words(arguments.live.argv));
  COPPICE_ASSIGN_OR_RETURN(options, tracker_options(arguments, std::move(options), child->pid()));
  COPPICE_ASSIGN_OR_RETURN(const auto tracker, energy::EnergyTracker::start(options));
  if (!arguments.quiet) {
    for (const std::string& line : tracker->describe()) std::cerr << "coppice track: " << line << '\n';
    for (const std::string& line : from_settings) std::cerr << "coppice track: setting " << line << '\n';
  }

  Status exported;
  const auto on_tick = [&] {
    if (arguments.prometheus.empty() || !exported.ok()) return;
    exported = energy::write_prometheus(arguments.prometheus, tracker->now(), arguments.project);
    if (!exported.ok()) std::cerr << "coppice track: --prometheus: " << exported.message() << '\n';
  };
  const energy::ChildEnd end = child->run(on_tick);
  const energy::EnergyReport report = tracker->finish();
  on_tick();

  const Status outcome = status_of(end);
  records::RunRecord& record = recorder.record();
  record.settings["scope"] = to_string(report.scope);
  if (!report.cgroup.empty()) record.settings["cgroup"] = report.cgroup;
  if (!arguments.project.empty()) record.settings["project_name"] = arguments.project;
  if (!from_settings.empty()) record.settings["from_codecarbon_settings"] = from_settings;
  if (!arguments.compat.empty()) record.settings["compat"] = arguments.compat;
  record.results["exit_code"] = end.shell_code();
  if (end.signal != 0) record.results["signal"] = end.signal;
  OrderedJson energy_json = to_json(report);
  if (arguments.wue && report.total.energy) energy_json["water_litres"] = water_json(report, *arguments.wue);
  record.energy = Json(energy_json);
  const records::RunRecord finished = recorder.finish(outcome);

  energy::EmissionsRow row;
  row.timestamp = local_time();
  row.project_name = arguments.project.empty() ? "coppice" : arguments.project;
  row.run_id = finished.run_id;
  row.experiment_id = arguments.experiment;
  row.place = options.place;
  row.os = os_name();
  row.version = finished.program_version;
  row.wue_litres_per_kwh = arguments.wue.value_or(0.0);
  const std::filesystem::path folder = arguments.output;
  const std::string csv_name = arguments.csv_name.empty() ? "emissions.csv" : arguments.csv_name;
  for (const Status& written : {write_run_record(folder, finished),
                                energy::append_emissions(folder / csv_name, emissions_cells(row, report))}) {
    if (!written.ok()) std::cerr << "coppice track: not recorded: " << written.message() << '\n';
  }
  if (!end.start_error.empty()) std::cerr << "coppice track: " << end.start_error << '\n';
  if (!arguments.quiet) std::cerr << summary(report) << '\n';
  if (arguments.json) {
    OrderedJson json;
    json["run_id"] = finished.run_id;
    json["record"] = (folder / "runs" / records::file_name_of(finished)).string();
    json["exit_code"] = end.shell_code();
    json["outcome"] = OrderedJson(records::to_json(finished))["outcome"];
    json["energy"] = energy_json;
    std::cout << dump_json(json) << '\n' << std::flush;
  }
  return end.shell_code();
}

}  // namespace

void add_track(CLI::App& app, Outcome& outcome, const LiveAccess& live) {
  CLI::App* command = app.add_subcommand("track", "Energy and carbon of any command");
  command->footer(
      "coppice track --country FRA --output DIR -- COMMAND ARG...\n"
      "Runs COMMAND with its input and output untouched, passes signals on, and ends with its exit code (128 + N if\n"
      "signal N ended it, 126 or 127 if it could not be started). Writes DIR/runs/track-*.json, also on failure, and\n"
      "appends a row to DIR/emissions.csv (CodeCarbon's columns). CODECARBON_* variables and .codecarbon.config fill\n"
      "what is not given. With --json the command's own standard output goes to standard error. With --live the\n"
      "intensity is asked for at the start and once an hour. Embodied carbon (--machine-type, --device, --server,\n"
      "--embodied-kg) stands apart from that of the electricity and is in no sum with it.\n");
  auto arguments = std::make_shared<TrackArguments>();
  add_place_options(*command, arguments->place);
  add_embodied_options(*command, arguments->embodied);
  command->add_option("--output", arguments->output, "Folder of the records; made if missing");
  command->add_option("--project", arguments->project, "Name in the records");
  command->add_option("--experiment", arguments->experiment, "experiment_id in emissions.csv");
  command
      ->add_option("--scope", arguments->scope,
                   "process: the command and what it starts (default); container: the cgroup v2 around it; machine: "
                   "the whole machine")
      ->check(CLI::IsMember({"process", "container", "machine"}));
  command->add_option("--cgroup", arguments->cgroup,
                      "Charge this cgroup v2 instead, absolute or below /sys/fs/cgroup, while COMMAND runs");
  command->add_option("--tdp", arguments->tdp_watts, "Thermal design power of the processor in watts");
  command->add_option("--pue", arguments->pue, "Power usage effectiveness of the building, at least 1");
  command->add_option("--wue", arguments->wue, "Water usage effectiveness in litres per kWh");
  command->add_option("--period", arguments->period_seconds, "Seconds between two looks (default 1)");
  command->add_option("--prometheus", arguments->prometheus, "Keep this text file for node_exporter up to date");
  command->add_option("--compat", arguments->compat, "Carbon intensity as another tool resolves it")
      ->check(CLI::IsMember({"codecarbon"}))
      ->excludes(command->get_option("--live"))
      ->excludes(command->get_option("--live-or-table"))
      ->excludes(command->get_option("--year"))
      ->excludes(command->get_option("--intensity-table"));
  command->add_flag("--json", arguments->json, "One JSON document on standard output at the end");
  command->add_flag("--quiet", arguments->quiet, "No messages but errors");
  command->add_option("command", arguments->command, "-- COMMAND ARG...")->required();
  command->positionals_at_end();
  arguments->live = live;
  command->callback([arguments, &outcome] {
    outcome.exit_code = work_or_hand_over("track", arguments->place, arguments->live, [&] {
      const Result<int> code = track(*arguments);
      return code ? *code : report("track", code.status());
    });
  });
}

}  // namespace coppice::cli
