// coppice detect: what can be measured on this machine, and the models' answers for a processor and memory.
#include <sys/utsname.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "native/cli/command.h"
#include "native/energy/detect.h"
#include "native/energy/model_source.h"
#include "native/energy/system.h"
#include "shared/base/json.h"
#include "shared/energy/cpu.h"
#include "shared/energy/ram.h"

namespace coppice::cli {
namespace {

// Far above any machine; catches bytes given for gigabytes.
constexpr double kMostGb = 1e6;

struct DetectArguments {
  std::optional<std::string> cpu_model;
  std::optional<int> threads;
  std::optional<double> tdp_watts;
  std::optional<double> load_percent;
  std::optional<double> ram_gb;
  bool arm = false;
  std::string compat;
  bool json = false;
};

Status check(const DetectArguments& arguments) {
  const auto within = [](const std::optional<double>& value, double least, double most) {
    return !value || (std::isfinite(*value) && *value >= least && *value <= most);
  };
  if (!within(arguments.load_percent, 0.0, 100.0)) return invalid_usage("--load: expected 0 to 100 percent");
  if (!within(arguments.ram_gb, 0.0, kMostGb)) return invalid_usage("--ram-gb: expected 0 to 1e6 GB (of 2^30 bytes)");
  if (!within(arguments.tdp_watts, 1e-9, 1e5)) return invalid_usage("--tdp: expected a positive number of watts");
  return {};
}

bool is_arm_machine() {
  utsname name{};
  if (::uname(&name) != 0) return false;
  const std::string machine = name.machine;
  return machine.find("arm") != std::string::npos || machine.find("aarch") != std::string::npos;
}

Result<OrderedJson> cpu_json(const DetectArguments& arguments) {
  const bool compat = !arguments.compat.empty();
  OrderedJson json;
  std::optional<energy::Watts> tdp;
  std::string tdp_source;
  json["model"] = nullptr;
  json["match"] = nullptr;
  if (arguments.tdp_watts) {
    tdp = energy::Watts(*arguments.tdp_watts);
    tdp_source = "given";
  } else {
    const energy::CpuInfo here = energy::read_cpu_info({});
    const std::string model = arguments.cpu_model.value_or(here.model_name);
    // A count is this machine's only where the name is.
    int threads = arguments.threads.value_or(arguments.cpu_model ? 0 : here.threads);
    const energy::CpuMatch match = compat ? energy::match_cpu_as_codecarbon(model, energy::codecarbon_cpus())
                                          : energy::match_cpu(model, energy::codecarbon_cpus());
    if (!model.empty()) json["model"] = model;
    if (match.name) json["match"] = *match.name;
    json["match_how"] = match.how;
    if (threads > 0) json["threads"] = threads;
    if (!match.candidates.empty()) json["candidates"] = match.candidates;
    tdp = match.tdp;
    if (tdp) tdp_source = "registry";
    if (!tdp && compat) {
      if (threads <= 0) {
        return invalid_usage("--cpu-model \"" + model +
                             "\" is in no table: give --threads N, CodeCarbon's default is 4 W a thread");
      }
      tdp = energy::Watts(energy::kCodecarbonWattsPerThread * threads);
      tdp_source = "threads_x_4W";
    }
  }
  json["tdp_watts"] = tdp ? OrderedJson(tdp->value()) : OrderedJson(nullptr);
  json["tdp_source"] = tdp ? OrderedJson(tdp_source) : OrderedJson(nullptr);
  json["watts"] = nullptr;
  if (arguments.load_percent) json["load_percent"] = *arguments.load_percent;
  if (tdp && arguments.load_percent) {
    const auto power = energy::cpu_power_modelled(*tdp, *arguments.load_percent, tdp_source);
    json["watts"] = power.value.value();
    if (!compat) {
      json["watts_low"] = power.low.value();
      json["watts_high"] = power.high.value();
      json["provenance"] = to_string(power.provenance.kind);
      json["method"] = power.provenance.method;
    }
  }
  return json;
}

OrderedJson ram_json(const DetectArguments& arguments) {
  OrderedJson json;
  double gb = 0.0;
  const bool arm = arguments.arm || (!arguments.ram_gb && is_arm_machine());
  if (arguments.ram_gb) {
    gb = *arguments.ram_gb;
  } else if (const auto bytes = energy::total_memory_bytes({})) {
    gb = *bytes / energy::kBytesPerGb;
  } else {
    json["dimms"] = nullptr;
    json["watts"] = nullptr;
    return json;
  }
  const auto power = energy::ram_power_modelled(gb, arm);
  json["gb"] = gb;
  json["dimms"] = energy::dimm_count(gb);
  json["watts"] = power.value.value();
  if (arguments.compat.empty()) {
    json["watts_low"] = power.low.value();
    json["watts_high"] = power.high.value();
    json["provenance"] = to_string(power.provenance.kind);
    json["method"] = power.provenance.method;
  }
  return json;
}

Status detect(const DetectArguments& arguments) {
  COPPICE_RETURN_IF_ERROR(check(arguments));
  OrderedJson json;
  COPPICE_ASSIGN_OR_RETURN(json["cpu"], cpu_json(arguments));
  json["ram"] = ram_json(arguments);
  json["sources"] = OrderedJson::array();
  const std::vector<energy::SourceState> sources = energy::detect_sources({});
  for (const energy::SourceState& source : sources) {
    json["sources"].push_back({{"component", source.component},
                               {"name", source.name},
                               {"available", source.available},
                               {"used", source.used},
                               {"detail", source.detail}});
  }
  if (!arguments.compat.empty()) json["compat"] = arguments.compat;
  if (arguments.json) {
    std::cout << dump_json(json) << '\n';
  } else {
    const auto shown = [](const OrderedJson& value) {
      return value.is_string() ? value.get<std::string>() : value.dump();
    };
    std::cout << "Processor: " << shown(json["cpu"]["model"]) << "\n  table entry: " << shown(json["cpu"]["match"])
              << ", TDP " << shown(json["cpu"]["tdp_watts"]) << " W";
    if (arguments.load_percent) std::cout << ", " << shown(json["cpu"]["watts"]) << " W at that load";
    if (json["cpu"].contains("candidates")) std::cout << "\n  near names: " << json["cpu"]["candidates"].dump();
    std::cout << "\nMemory: " << shown(json["ram"]["dimms"]) << " modules guessed, " << shown(json["ram"]["watts"])
              << " W\nSources of energy figures:\n";
    for (const energy::SourceState& source : sources) {
      std::cout << (source.used        ? "  * "
                    : source.available ? "  + "
                                       : "  - ")
                << source.component << ": " << source.name << ": " << source.detail << '\n';
    }
    std::cout << "(* used by coppice track here, + available, - not)\n";
  }
  std::cout.flush();
  return std::cout ? Status() : failed("standard output: cannot be written");
}

}  // namespace

void add_detect(CLI::App& app, Outcome& outcome) {
  CLI::App* command = app.add_subcommand("detect", "What can be measured here; power by processor and memory");
  command->footer(
      "Without --cpu-model, --tdp or --ram-gb it answers for this machine. Watts at a load: TDP x (0.1 + 0.9 load^3),\n"
      "whole machine; the band follows from calibration runs against RAPL.\n"
      "--compat codecarbon: matching and defaults of CodeCarbon 3.3.2 (4 W a thread where nothing matches).\n"
      "JSON: {\"cpu\":{\"match\",\"tdp_watts\",\"watts\",...},\"ram\":{\"dimms\",\"watts\",...},\"sources\":[...]}\n");
  auto arguments = std::make_shared<DetectArguments>();
  CLI::Option* model =
      command->add_option("--cpu-model", arguments->cpu_model, "Processor's name, as in /proc/cpuinfo");
  CLI::Option* threads =
      command->add_option("--threads", arguments->threads, "Its hardware threads")->check(CLI::Range(1, 1 << 20));
  CLI::Option* tdp = command->add_option("--tdp", arguments->tdp_watts, "Thermal design power in watts, of no table");
  tdp->excludes(model)->excludes(threads);
  command->add_option("--load", arguments->load_percent, "Load of the whole machine in percent, 0 to 100");
  command->add_option("--ram-gb", arguments->ram_gb, "Memory in GB (2^30 bytes)");
  command->add_flag("--arm", arguments->arm, "An ARM machine: its memory takes less");
  command->add_option("--compat", arguments->compat, "Answer as another tool does")
      ->check(CLI::IsMember({"codecarbon"}));
  command->add_flag("--json", arguments->json, "One JSON document on standard output");
  command->callback([arguments, &outcome] { outcome.exit_code = report("detect", detect(*arguments)); });
}

}  // namespace coppice::cli
