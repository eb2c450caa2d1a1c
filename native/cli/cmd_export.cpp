// coppice export: a trained model folder to one as it is shipped, with ONNX weights, model card and manifest.
// coppice quantize: the same for those who look for rounding under its name; it stores int8 unless told otherwise.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "native/cli/calibration_options.h"
#include "native/cli/command.h"
#include "native/energy/tracker.h"
#include "native/export/export_model.h"
#include "native/export/run_recorder.h"
#include "shared/base/json.h"

namespace coppice::cli {
namespace {

struct ExportArguments {
  std::string command;
  ExportModelOptions options;
  std::string weights;
  std::string activations = "dynamic";
  CalibrationArguments calibration;
  std::string country;
  bool json = false;
};

std::vector<std::string> words_of(const ExportArguments& arguments) {
  std::vector<std::string> words = {"coppice",   arguments.command,
                                    "--model",   arguments.options.model.string(),
                                    "--output",  arguments.options.output.string(),
                                    "--weights", arguments.weights};
  if (arguments.activations == "static") {
    words.insert(words.end(), {"--activations", "static"});
    append_words(arguments.calibration, words);
  }
  if (arguments.options.keep_safetensors) words.emplace_back("--keep-safetensors");
  if (!arguments.country.empty()) words.insert(words.end(), {"--country", arguments.country});
  return words;
}

void print(const ExportArguments& arguments, const records::Manifest& manifest, const records::RunRecord& record) {
  int64_t bytes = 0;
  for (const records::FileEntry& file : manifest.files) bytes += file.bytes;
  if (arguments.json) {
    OrderedJson json;
    json["model"] = manifest.id;
    json["output"] = arguments.options.output.string();
    json["weights"] = arguments.weights;
    json["onnx_bytes"] = record.results["onnx_bytes"];
    json["onnx_sha256"] = record.results["weights_sha256"];
    for (const char* name : {"relative_rounding_error", "largest_rounding_error"}) {
      if (record.results.contains(name)) json[name] = record.results[name];
    }
    json["bytes"] = bytes;
    json["files"] = OrderedJson::array();
    for (const records::FileEntry& file : manifest.files) json["files"].push_back(file.path);
    std::cout << dump_json(json) << '\n';
    return;
  }
  std::cout << arguments.options.output.string() << ": " << manifest.files.size() << " files, " << bytes
            << " bytes; onnx/model.onnx " << record.results["onnx_bytes"] << " bytes, weights stored as "
            << arguments.weights << '\n';
  if (record.results.value("relative_rounding_error", -1.0) == 0) {
    std::cout << "every weight is exactly that of " << arguments.options.model.string() << '\n';
  } else if (record.results.contains("relative_rounding_error")) {
    const Json& largest = record.results["largest_rounding_error"];
    std::cout << "weights changed by " << record.results["relative_rounding_error"].get<double>()
              << " of their size (root mean square), at most " << largest["relative_rounding_error"].get<double>()
              << " in " << largest["tensor"].get<std::string>()
              << "\nwhat that does to the verdicts: coppice evaluate --model " << arguments.options.output.string()
              << " --against " << arguments.options.model.string() << " --data FOLDER\n";
  }
}

Status run_export(ExportArguments& arguments) {
  for (const OnnxWeights form : {OnnxWeights::kFloat32, OnnxWeights::kFloat16, OnnxWeights::kInt8}) {
    if (arguments.weights == name_of(form)) arguments.options.weights = form;
  }
  energy::TrackerOptions tracker_options;
  tracker_options.place.country = arguments.country;
  const bool is_static = arguments.activations == "static";
  COPPICE_RETURN_IF_ERROR(check(arguments.calibration, is_static, arguments.options.weights == OnnxWeights::kInt8));
  COPPICE_ASSIGN_OR_RETURN(const auto tracker, energy::EnergyTracker::start(tracker_options));
  RunRecorder recorder("export", words_of(arguments));
  if (is_static) {
    Result<Json> calibration = calibrate(arguments.options.model, arguments.calibration);
    // Refused or failed before there is anything to export: no record.
    if (!calibration) return calibration.status();
    arguments.options.calibration = *std::move(calibration);
  }
  const Status status = export_model(arguments.options, recorder.record());
  recorder.record().energy = Json(energy::to_json(tracker->finish()));
  if (!status.ok()) return keep_failed_run(arguments.options.output, recorder, status);
  const records::RunRecord record = recorder.finish({});
  COPPICE_ASSIGN_OR_RETURN(const records::Manifest manifest, finish_export(arguments.options.output, record));
  print(arguments, manifest, record);
  std::cout.flush();
  return std::cout ? Status() : failed("standard output: cannot be written");
}

void add(CLI::App& app, Outcome& outcome, const char* name, const char* description, const char* weights) {
  CLI::App* command = app.add_subcommand(name, description);
  command->footer(
      "The ONNX file (opset 17, inputs input_ids and attention_mask, output logits) is checked by ONNX's own checker.\n"
      "fp16 halves the download and computes in float32; fp32 keeps every bit of the weights.\n"
      "int8 is a quarter of the download: matrices and word embeddings are symmetric int8 with a scale for each "
      "output\n"
      "channel or token, and the matrices' inputs are rounded to 8 bits as they come (dynamic quantisation), so that\n"
      "products are of integers. It changes logits a little; coppice evaluate --against says by how much.\n"
      "With --activations static their ranges are taken beforehand, from held-out reviews (--calibration), and what "
      "is\n"
      "outside them is clipped; the ranges are in the run record.\n"
      "The export's energy goes into its run record. JSON: {\"model\",\"output\",\"weights\",\"onnx_bytes\","
      "\"onnx_sha256\",\n\"relative_rounding_error\" and \"largest_rounding_error\" (fp16, "
      "int8),\"bytes\",\"files\"}\n");
  auto arguments = std::make_shared<ExportArguments>();
  arguments->command = name;
  arguments->weights = weights;
  command->add_option("--model", arguments->options.model, "Model folder")->required();
  command->add_option("--output", arguments->options.output, "Folder to write; its name becomes the model's id")
      ->required();
  command->add_option("--weights", arguments->weights, "How weights are stored: fp16, fp32 or int8")
      ->check(CLI::IsMember({"fp16", "fp32", "int8"}))
      ->capture_default_str();
  command
      ->add_option("--activations", arguments->activations,
                   "int8: scales of the products' inputs are found at each run (dynamic) or on --calibration (static)")
      ->check(CLI::IsMember({"dynamic", "static"}))
      ->capture_default_str();
  add_calibration_options(*command, arguments->calibration);
  command->add_flag("--keep-safetensors", arguments->options.keep_safetensors, "Also copy model.safetensors");
  command->add_option("--country", arguments->country, "ISO 3166 alpha-3 code, for the CO2e of the export");
  command->add_flag("--json", arguments->json, "One JSON document on standard output");
  command->callback(
      [arguments, &outcome] { outcome.exit_code = report(arguments->command.c_str(), run_export(*arguments)); });
}

}  // namespace

void add_export(CLI::App& app, Outcome& outcome) {
  add(app, outcome, "export", kExportDescription, "fp16");
  add(app, outcome, "quantize", kQuantizeDescription, "int8");
}

}  // namespace coppice::cli
