// coppice footprint: Google's Carbon Footprint export beside our estimate, and what a served model costs in a month.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "native/cli/command.h"
#include "native/cli/place_options.h"
#include "native/footprint/compare.h"
#include "native/footprint/usage_file.h"
#include "shared/base/json.h"
#include "shared/energy/market.h"
#include "shared/energy/names.h"
#include "shared/energy/published.h"
#include "shared/energy/site.h"
#include "shared/energy/upkeep.h"
#include "shared/records/figure.h"
#include "shared/records/run_record.h"

namespace coppice::cli {
namespace {

constexpr size_t kMostFootprintRecordBytes = size_t{64} << 20;

struct HostArguments {
  std::string architecture;
  double utilisation = 0.5;
};

struct FootprintArguments {
  std::string export_file;
  std::string usage_file;
  std::vector<std::string> records;
  footprint::Subject subject;
  HostArguments host;
  footprint::CompareOptions options;
  std::string from;
  std::string to;
  bool json = false;
};

struct UpkeepArguments {
  energy::UpkeepInputs inputs;
  HostArguments host;
  PlaceArguments place;
  std::optional<double> pue;
  std::string retraining_record;
  bool json = false;
};

void add_host_options(CLI::App& command, HostArguments& host) {
  command.add_option(
      "--architecture", host.architecture,
      "Microarchitecture of the host, a row of Cloud Carbon Footprint's table, e.g. \"Sapphire Rapids\"\n"
      "(default: its median, since Cloud Run does not tell)");
  command.add_option("--utilisation", host.utilisation, "Load of the billed vCPUs, 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
}

Result<energy::CloudHost> find_host(const HostArguments& arguments) {
  energy::CloudHost host;
  host.utilisation = arguments.utilisation;
  if (arguments.architecture.empty()) return host;
  const auto row = energy::vcpu_coefficients(arguments.architecture);
  if (!row) {
    std::vector<std::string> known;
    for (const energy::VcpuRow& other : energy::ccf_vcpus()) known.emplace_back(other.architecture);
    std::string list;
    for (const std::string& name : known) list.append(list.empty() ? "" : ", ").append(name);
    return not_found("--architecture: \"" + arguments.architecture + "\" is not known; expected one of " + list + "." +
                     energy::did_you_mean(energy::nearest_names(arguments.architecture, known, 1)));
  }
  host.vcpu = *row;
  return host;
}

Result<std::vector<footprint::UsageRow>> gather_usage(const FootprintArguments& arguments) {
  std::vector<footprint::UsageRow> usage;
  if (!arguments.usage_file.empty()) {
    COPPICE_ASSIGN_OR_RETURN(const std::string text, read_text_file(arguments.usage_file, footprint::kMostTableBytes));
    COPPICE_ASSIGN_OR_RETURN(usage, footprint::parse_usage(text, arguments.usage_file));
  }
  const footprint::Subject& subject = arguments.subject;
  const bool named = !subject.project.empty() && !subject.service.empty() && !subject.region.empty();
  if (!arguments.records.empty() && !named) {
    return invalid_usage("--record: a run record names no project; give --project, --service and --region");
  }
  for (const std::string& path : arguments.records) {
    COPPICE_ASSIGN_OR_RETURN(const std::string text, read_text_file(path, kMostFootprintRecordBytes));
    COPPICE_ASSIGN_OR_RETURN(footprint::UsageRow row, footprint::usage_of_record(text, path, subject));
    usage.push_back(std::move(row));
  }
  if (usage.empty()) return invalid_usage("give our side: --usage FILE, or --record FILE of tracked runs");
  return usage;
}

Status write_answer(const std::string& answer) {
  std::cout << answer << std::flush;
  return std::cout ? Status() : failed("standard output: cannot be written");
}

Status compare(const FootprintArguments& arguments) {
  footprint::CompareOptions options = arguments.options;
  COPPICE_ASSIGN_OR_RETURN(options.host, find_host(arguments.host));
  if (options.pue) COPPICE_RETURN_IF_ERROR(energy::check_pue(*options.pue));
  if (options.reported_pue) COPPICE_RETURN_IF_ERROR(energy::check_pue(*options.reported_pue));
  if (!arguments.from.empty()) {
    COPPICE_ASSIGN_OR_RETURN(options.first, footprint::parse_month(arguments.from, "--from"));
  }
  if (!arguments.to.empty()) {
    COPPICE_ASSIGN_OR_RETURN(options.last, footprint::parse_month(arguments.to, "--to"));
  }
  COPPICE_ASSIGN_OR_RETURN(const std::string text, read_text_file(arguments.export_file, footprint::kMostTableBytes));
  COPPICE_ASSIGN_OR_RETURN(const auto rows, footprint::parse_carbon_export(text, arguments.export_file));
  COPPICE_ASSIGN_OR_RETURN(const auto usage, gather_usage(arguments));
  COPPICE_ASSIGN_OR_RETURN(const auto comparisons, footprint::compare_with_export(rows, usage, options));
  return write_answer(arguments.json ? dump_json(footprint::to_json(comparisons)) + '\n'
                                     : footprint::to_text(comparisons));
}

Result<energy::CloudSite> upkeep_site(const UpkeepArguments& arguments, energy::Intensity& intensity) {
  energy::CloudSite site;
  COPPICE_ASSIGN_OR_RETURN(const energy::PlaceQuery place, place_query(arguments.place));
  COPPICE_ASSIGN_OR_RETURN(intensity, energy::resolve_intensity(place));
  site.intensity = energy::with_published_range(place, intensity);
  const auto known = energy::known_pue(place.cloud_provider, place.cloud_region);
  site.pue = arguments.pue ? *arguments.pue : known ? known->value : energy::kDefaultPue;
  site.pue_source = arguments.pue ? "given by the user" : known ? known->source : "default";
  COPPICE_RETURN_IF_ERROR(energy::check_pue(site.pue));
  return site;
}

void print_upkeep(const energy::Upkeep& upkeep, const energy::Intensity& intensity) {
  const double all = upkeep.total.operational.value.value() + upkeep.total.embodied.value.value();
  const auto line = [&](const energy::UpkeepItem& item) {
    const double grams = item.operational.value.value() + item.embodied.value.value();
    std::cout << item.name << ": " << energy::to_kwh(item.energy.value) << " kWh (" << energy::to_kwh(item.energy.low)
              << " to " << energy::to_kwh(item.energy.high) << "), " << grams << " g CO2e ("
              << item.operational.low.value() + item.embodied.low.value() << " to "
              << item.operational.high.value() + item.embodied.high.value() << "), embodied of it "
              << item.embodied.value.value() << " g, " << energy::to_string(item.energy.provenance.kind);
    if (all > 0.0) std::cout << ", " << 100.0 * grams / all << " %";
    std::cout << '\n';
  };
  std::cout.precision(4);
  for (const energy::UpkeepItem& item : upkeep.items) line(item);
  line(upkeep.total);
  std::cout << "a month of 730 hours; " << intensity.place << ", " << intensity.value.value() << " g/kWh, "
            << intensity.source << std::endl;
}

Status upkeep(const UpkeepArguments& arguments) {
  energy::UpkeepInputs inputs = arguments.inputs;
  energy::Intensity intensity;
  COPPICE_ASSIGN_OR_RETURN(inputs.host, find_host(arguments.host));
  COPPICE_ASSIGN_OR_RETURN(inputs.site, upkeep_site(arguments, intensity));
  if (!arguments.retraining_record.empty()) {
    const std::string& path = arguments.retraining_record;
    COPPICE_ASSIGN_OR_RETURN(const std::string text, read_text_file(path, kMostFootprintRecordBytes));
    COPPICE_ASSIGN_OR_RETURN(const records::RunRecord record, records::parse_run_record(text, path));
    if (!record.energy || !record.energy->contains("energy_joules")) {
      return invalid_input(path + ": energy.energy_joules: the run has no energy figure; take another run");
    }
    COPPICE_ASSIGN_OR_RETURN(
        inputs.retraining.energy_each,
        records::parse_figure<energy::Joules>((*record.energy)["energy_joules"], path + ": energy.energy_joules"));
  }
  COPPICE_ASSIGN_OR_RETURN(const energy::Upkeep month, energy::monthly_upkeep(inputs));
  if (!arguments.json) {
    print_upkeep(month, intensity);
    return std::cout ? Status() : failed("standard output: cannot be written");
  }
  OrderedJson json = energy::to_json(month);
  json["hours_per_month"] = energy::kHoursPerMonth;
  json["pue"] = inputs.site.pue;
  json["intensity"] = energy::to_json(intensity);
  return write_answer(dump_json(json) + '\n');
}

void add_compare_with_export(CLI::App& parent, Outcome& outcome) {
  CLI::App* command = parent.add_subcommand("compare", "Google's Carbon Footprint export against our own estimate");
  command->footer(
      "The export is Google's table of a month, project, service and location (kg CO2e): CSV with names such as\n"
      "project_id or project.id, or JSON and JSON Lines as BigQuery writes them. The usage file has\n"
      "usage_month,project_id,service_description,location_region,vcpu_seconds,gib_seconds,requests. Both sides must "
      "be\n"
      "of the same months. JSON: "
      "{\"subjects\":[{\"reported\",\"estimated\",\"ratio_location_based\",\"factors\",...}]}\n");
  auto arguments = std::make_shared<FootprintArguments>();
  command->add_option("--export", arguments->export_file, "Google's export")->type_name("FILE")->required();
  command->add_option("--usage", arguments->usage_file, "What was billed: vCPU-seconds, GiB-seconds, requests")
      ->type_name("FILE");
  command->add_option("--record", arguments->records, "Run records, for work that is in no usage file")
      ->type_name("FILE");
  command->add_option("--project", arguments->subject.project, "Project of the run records");
  command->add_option("--service", arguments->subject.service, "Their service, e.g. \"Compute Engine\"");
  command->add_option("--region", arguments->subject.region, "Their region, e.g. europe-west9");
  command->add_option("--from", arguments->from, "First month, e.g. 2026-09");
  command->add_option("--to", arguments->to, "Last month");
  add_host_options(*command, arguments->host);
  command->add_option("--pue", arguments->options.pue, "PUE of our estimate (default: the region's known one)");
  command->add_option("--year", arguments->options.year, "Year of the grid in our estimate (default: the newest)");
  command->add_option("--reported-pue", arguments->options.reported_pue,
                      "PUE that Google's figures hold (default 1.1)");
  command
      ->add_option("--reported-intensity", arguments->options.reported_intensity,
                   "g/kWh that Google's figures hold (default: the region's of the month's year)")
      ->check(CLI::Range(0.001, 3000.0));
  command->add_flag("--json", arguments->json, "One JSON document on standard output");
  command->callback([arguments, &outcome] { outcome.exit_code = report("footprint compare", compare(*arguments)); });
}

void add_upkeep(CLI::App& parent, Outcome& outcome) {
  CLI::App* command = parent.add_subcommand("upkeep", "Energy and carbon of keeping a model served for a month");
  command->footer(
      "coppice footprint upkeep --cloud gcp --cloud-region europe-west9 --requests 100000 --seconds-per-request 0.05 "
      "\\\n"
      "  --starts 300 --image-mb 40 --versions 5 --rebuilds 4 --rebuild-vcpu-seconds 600\n"
      "JSON: {\"items\":[{\"name\",\"energy_joules\",\"operational_grams_co2e\",\"embodied_grams_co2e\",\"share\"}],"
      "\"total\",...}\n");
  auto arguments = std::make_shared<UpkeepArguments>();
  energy::UpkeepInputs& inputs = arguments->inputs;
  add_table_options(*command, arguments->place);
  command->add_option("--requests", inputs.traffic.requests_per_month, "Requests a month")->required();
  command->add_option("--seconds-per-request", inputs.traffic.seconds_per_request, "Time an instance is busy with one")
      ->required();
  command->add_option("--concurrency", inputs.traffic.concurrency,
                      "Requests an instance answers at a time (default 1)");
  command->add_option("--starts", inputs.traffic.starts_per_month, "Starts from zero a month (default 0)");
  command->add_option("--idle-seconds", inputs.traffic.idle_seconds_per_start,
                      "How long an instance waits before it ends (default 900, Cloud Run's longest)");
  command->add_option("--vcpus", inputs.instance.vcpus, "vCPUs of an instance (default 1)");
  command->add_option("--memory-gib", inputs.instance.memory_gib, "Its memory (default 0.5)");
  command->add_option("--min-instances", inputs.instance.min_instances, "Instances kept warm (default 0)");
  command->add_option_function<double>(
      "--image-mb", [&inputs](const double& mb) { inputs.repository.image_bytes = mb * 1e6; },
      "Image in the registry, MB compressed");
  command->add_option("--versions", inputs.repository.versions_kept, "Versions of it kept (default 1)");
  command->add_option("--rebuilds", inputs.rebuilds.per_month, "Builds a month");
  command->add_option("--rebuild-vcpu-seconds", inputs.rebuilds.vcpu_seconds_each, "vCPU-seconds of a build");
  command->add_option("--rebuild-gib-seconds", inputs.rebuilds.gib_seconds_each, "GiB-seconds of a build");
  command->add_option("--retrainings", inputs.retraining.per_month, "Trainings a month, e.g. 0.0833 for one a year");
  command->add_option("--retraining-record", arguments->retraining_record, "Run record of a training")
      ->type_name("FILE");
  add_host_options(*command, arguments->host);
  command->add_option("--pue", arguments->pue, "Power usage effectiveness (default: the region's known one, else 1)");
  command->add_flag("--json", arguments->json, "One JSON document on standard output");
  command->callback([arguments, &outcome] { outcome.exit_code = report("footprint upkeep", upkeep(*arguments)); });
}

}  // namespace

void add_footprint(CLI::App& app, Outcome& outcome) {
  CLI::App* command = app.add_subcommand("footprint", "Google's carbon figures beside ours; a month of upkeep");
  command->require_subcommand(1);
  add_compare_with_export(*command, outcome);
  add_upkeep(*command, outcome);
}

}  // namespace coppice::cli
