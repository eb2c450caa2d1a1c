#include "native/export/export_model.h"

#include <cmath>

#include "native/export/model_folder.h"
#include "native/export/refresh.h"
#include "native/export/tokenizer_files.h"
#include "native/io/file.h"
#include "shared/engine/activation_scales.h"

namespace coppice {
namespace {

namespace fs = std::filesystem;

Status prepare_output(const ExportModelOptions& options) {
  std::error_code error;
  if (fs::weakly_canonical(options.model, error) == fs::weakly_canonical(options.output, error)) {
    return invalid_usage("--output is the model's own folder, " + options.output.string() +
                         "; export into another one, so that the trained weights stay as they are");
  }
  if (fs::exists(options.output, error) && !fs::is_directory(options.output, error)) {
    return invalid_usage("--output " + options.output.string() + " is a file; expected a folder");
  }
  fs::create_directories(options.output / "onnx", error);
  if (error) return failed("cannot make the folder " + (options.output / "onnx").string() + ": " + error.message());
  if (!options.keep_safetensors && fs::exists(options.output / "model.safetensors", error)) {
    return invalid_usage((options.output / "model.safetensors").string() +
                         " is there from something else and would be taken for this model's weights; remove it, or "
                         "export with --keep-safetensors");
  }
  return {};
}

Status copy_atomically(const fs::path& from, const fs::path& to) {
  COPPICE_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(from));
  return write_file_atomically(to, {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()});
}

// Records keep their names; one that is there already must be the same.
Status copy_runs(const fs::path& from, const fs::path& to) {
  COPPICE_ASSIGN_OR_RETURN(const std::vector<StoredRun> runs, read_run_records(from));
  std::error_code error;
  if (!runs.empty()) fs::create_directories(to / "runs", error);
  if (error) return failed("cannot make the folder " + (to / "runs").string() + ": " + error.message());
  for (const StoredRun& run : runs) {
    COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(from / run.path));
    if (fs::exists(to / run.path, error)) {
      COPPICE_ASSIGN_OR_RETURN(const std::string present, read_file(to / run.path));
      if (present == bytes) continue;
      return failed((to / run.path).string() + " holds another record of the same name; run records are never " +
                    "overwritten. Export into an empty folder.");
    }
    COPPICE_RETURN_IF_ERROR(write_file_atomically(to / run.path, bytes));
  }
  return {};
}

struct RoundingError {
  double relative = 0;        // sqrt(sum of squared changes / sum of squares) over all weights
  double worst_relative = 0;  // the same of the tensor with the largest
  std::string worst_tensor;
};

// What the written file gives back against the weights it was made from.
Result<RoundingError> rounding_error(const engine::TensorMap& original, const std::string& onnx) {
  COPPICE_ASSIGN_OR_RETURN(const engine::TensorMap stored,
                           engine::parse_weights(std::as_bytes(std::span(onnx)), "onnx/model.onnx"));
  RoundingError error;
  double all_change = 0;
  double all = 0;
  for (const auto& [name, view] : original) {
    COPPICE_ASSIGN_OR_RETURN(const std::vector<float> before, engine::to_floats(view, name));
    COPPICE_ASSIGN_OR_RETURN(const std::vector<float> after, engine::to_floats(stored.at(name), name));
    double change = 0;
    double total = 0;
    for (size_t i = 0; i < before.size(); ++i) {
      const double difference = static_cast<double>(after[i]) - before[i];
      change += difference * difference;
      total += static_cast<double>(before[i]) * before[i];
    }
    all_change += change;
    all += total;
    const double relative = total > 0 ? std::sqrt(change / total) : 0.0;
    if (relative > error.worst_relative) {
      error.worst_relative = relative;
      error.worst_tensor = name;
    }
  }
  if (all > 0) error.relative = std::sqrt(all_change / all);
  return error;
}

Result<std::vector<engine::ActivationScale>> scales_of(const Json& calibration, const records::BertConfig& config,
                                                       const std::string& weights_sha256) {
  const std::string where = "the calibration";
  if (calibration.value("weights_sha256", "") != weights_sha256) {
    return invalid_input(where + " is of other weights, those of model " + calibration.value("model", "(unnamed)") +
                         "; calibrate the model that is exported");
  }
  const std::vector<std::string> names = engine::product_inputs(config);
  const Json inputs = calibration.value("inputs", Json::array());
  std::vector<engine::ActivationScale> scales;
  for (size_t i = 0; i < names.size(); ++i) {
    if (inputs.size() != names.size() || inputs[i].value("name", "") != names[i]) {
      return invalid_input(where + ": expected the ranges of " + std::to_string(names.size()) + " inputs, number " +
                           std::to_string(i) + " being " + names[i]);
    }
    const auto low = inputs[i].value("low", 0.0F);
    const auto high = inputs[i].value("high", 0.0F);
    if (!(std::isfinite(low) && std::isfinite(high) && low <= 0 && high >= 0 && high > low)) {
      return invalid_input(where + ": the range of " + names[i] + " is " + std::to_string(low) + " to " +
                           std::to_string(high) + "; expected one that holds 0 and is wider than nothing");
    }
    scales.push_back(engine::scale_of_range(low, high));
  }
  return scales;
}

Result<records::Manifest> read_source(const fs::path& model) {
  std::error_code error;
  if (fs::is_directory(model, error) && !fs::exists(model / "manifest.json", error) &&
      fs::exists(model / "config.json", error)) {
    return make_manifest(model);  // a folder of another tool
  }
  return read_model_folder(model, Verify::kHashes);
}

}  // namespace

Status export_model(const ExportModelOptions& options, records::RunRecord& record) {
  COPPICE_ASSIGN_OR_RETURN(const records::Manifest source, read_source(options.model));
  if (source.architecture == records::Architecture::kLinear) {
    return invalid_usage(options.model.string() +
                         " is a linear model: its folder is the form it is shipped in, so copy it as it is");
  }
  COPPICE_ASSIGN_OR_RETURN(const records::BertConfig config, read_bert_config(options.model));
  COPPICE_ASSIGN_OR_RETURN(const text::Tokenizer tokenizer, read_tokenizer_files(options.model));
  COPPICE_ASSIGN_OR_RETURN(const MappedWeights weights, load_weights(options.model, config));
  const records::FileEntry* weights_file = source.find_file(weights.path);
  if (weights_file == nullptr) {
    return invalid_input((options.model / "manifest.json").string() + ": files: does not list " + weights.path);
  }
  COPPICE_RETURN_IF_ERROR(prepare_output(options));

  std::error_code error;
  record.inputs["parent_id"] = source.id;
  record.inputs["weights_sha256"] = weights_file->sha256;
  record.settings["model_id"] = fs::weakly_canonical(options.output, error).filename().string();
  record.settings["weights"] = name_of(options.weights);
  record.settings["keep_safetensors"] = options.keep_safetensors;
  record.settings["max_length"] = source.max_length;
  record.settings["truncation"] = source.truncation;

  OnnxExportOptions onnx_options{options.weights, program_version()};
  if (options.weights == OnnxWeights::kInt8)
    record.settings["activations"] = options.calibration ? "static" : "dynamic";
  if (options.calibration) {
    COPPICE_ASSIGN_OR_RETURN(onnx_options.activation_scales,
                             scales_of(*options.calibration, config, weights_file->sha256));
    record.inputs["calibration_data"] = options.calibration->value("data", Json::object());
    record.settings["calibration_method"] = options.calibration->value("method", "");
    record.results["calibration"] = *options.calibration;
  }
  COPPICE_ASSIGN_OR_RETURN(const std::string onnx, onnx_bytes(config, weights.tensors, onnx_options));
  COPPICE_RETURN_IF_ERROR(write_file_atomically(options.output / "onnx/model.onnx", onnx));
  record.results["weights_sha256"] = sha256_hex(onnx);
  record.results["onnx_bytes"] = onnx.size();
  if (options.weights != OnnxWeights::kFloat32) {
    COPPICE_ASSIGN_OR_RETURN(const RoundingError rounding, rounding_error(weights.tensors, onnx));
    record.results["relative_rounding_error"] = rounding.relative;
    record.results["largest_rounding_error"] = {{"tensor", rounding.worst_tensor},
                                                {"relative_rounding_error", rounding.worst_relative}};
  }

  COPPICE_RETURN_IF_ERROR(
      write_file_atomically(options.output / "config.json", dump_json(records::to_json(config), 1) + "\n"));
  COPPICE_RETURN_IF_ERROR(copy_atomically(options.model / "vocab.txt", options.output / "vocab.txt"));
  COPPICE_RETURN_IF_ERROR(write_file_atomically(options.output / "tokenizer.json", tokenizer_json(tokenizer)));
  COPPICE_RETURN_IF_ERROR(write_file_atomically(options.output / "tokenizer_config.json",
                                                tokenizer_config_json(tokenizer, source.max_length)));
  if (fs::exists(options.model / "LICENSE", error)) {
    COPPICE_RETURN_IF_ERROR(copy_atomically(options.model / "LICENSE", options.output / "LICENSE"));
  }
  if (options.keep_safetensors && weights.format == "safetensors") {
    COPPICE_RETURN_IF_ERROR(copy_atomically(options.model / weights.path, options.output / weights.path));
  }
  return copy_runs(options.model, options.output);
}

Result<records::Manifest> finish_export(const fs::path& output, const records::RunRecord& record) {
  COPPICE_RETURN_IF_ERROR(write_run_record(output, record));
  return write_card_and_manifest(output);
}

}  // namespace coppice
