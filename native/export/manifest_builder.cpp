// refresh_manifest: what a model folder's files and run records say, gathered into manifest.json.
#include <algorithm>
#include <array>
#include <set>

#include "native/export/model_folder.h"
#include "native/export/tokenizer_files.h"
#include "native/export/weights_hashes.h"
#include "shared/linear/linear_model.h"
#include "shared/records/schema.h"

namespace coppice {
namespace {

using records::Manifest;
using records::Outcome;

constexpr std::array<const char*, 9> kMetrics = {"accuracy", "precision", "recall", "f1",   "macro_f1",
                                                 "roc_auc",  "mcc",       "ece",    "brier"};

// Runs that make or change the model: their energy is that of its making.
bool is_making(const records::RunRecord& record) {
  static const std::set<std::string> kKinds = {"train", "tune", "prune", "quantize", "export"};
  return kKinds.count(record.kind) != 0;
}

Result<std::vector<records::FileEntry>> list_files(const std::filesystem::path& folder) {
  std::vector<records::FileEntry> files;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entries(folder, error);
  for (; !error && entries != std::filesystem::recursive_directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    if (name.front() == '.' || (entries.depth() == 0 && (name == "checkpoints" || name == "manifest.json"))) {
      entries.disable_recursion_pending();
      continue;
    }
    if (!entries->is_regular_file(error)) continue;
    const std::string path = entries->path().lexically_relative(folder).generic_string();
    if (!records::is_safe_relative_path(path)) {
      return invalid_input(entries->path().string() + ": a file of a model folder cannot have this name; rename it");
    }
    COPPICE_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(entries->path()));
    const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    files.push_back({path, static_cast<int64_t>(bytes.size()), sha256_hex(bytes)});
  }
  if (error) return failed("cannot list " + folder.string() + ": " + error.message());
  // The file system's order is no order.
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

Status take_tokenizer(const std::filesystem::path& folder, const records::BertConfig& config, Manifest& manifest) {
  COPPICE_ASSIGN_OR_RETURN(const text::Tokenizer tokenizer, read_tokenizer_files(folder));
  if (tokenizer.vocab_size() > config.vocab_size) {
    return invalid_input((folder / "vocab.txt").string() + ": " + std::to_string(tokenizer.vocab_size()) +
                         " tokens, but vocab_size in config.json is " + std::to_string(config.vocab_size) +
                         "; take both from the same checkpoint");
  }
  const auto& ids = tokenizer.special_ids();
  manifest.do_lower_case = tokenizer.options().do_lower_case;
  manifest.special_ids = {ids.pad, ids.unk, ids.cls, ids.sep, ids.mask};
  return {};
}

// The latest run's value wins, since a later step may have changed what an earlier one set.
Status take_input_rule(const std::vector<StoredRun>& runs, const records::BertConfig& config, int64_t model_max_length,
                       Manifest& manifest) {
  const int64_t limit = config.max_position_embeddings;
  manifest.max_length = model_max_length > 0 ? std::min(model_max_length, limit) : limit;
  manifest.truncation = "head";
  for (const StoredRun& run : runs) {
    if (!is_making(run.record) || run.record.outcome == Outcome::kFailed) continue;
    JsonReader settings(run.record.settings, run.path + ": settings");
    manifest.max_length = settings.integer_or("max_length", manifest.max_length);
    manifest.truncation = settings.string_or("truncation", manifest.truncation);
    if (manifest.max_length < 2 || manifest.max_length > limit) {
      settings.fail("max_length", "is " + std::to_string(manifest.max_length) + "; the model reads 2 to " +
                                      std::to_string(limit) + " tokens");
    }
    COPPICE_RETURN_IF_ERROR(settings.status());
  }
  return {};
}

Status take_weights_files(const std::filesystem::path& folder, const records::BertConfig& config, Manifest& manifest) {
  bool counted = false;
  for (const auto& [name, format] :
       {std::pair("model.safetensors", "safetensors"), std::pair("onnx/model.onnx", "onnx")}) {
    std::error_code error;
    const std::filesystem::path path = folder / name;
    if (!std::filesystem::exists(path, error)) continue;
    COPPICE_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(path));
    COPPICE_ASSIGN_OR_RETURN(const engine::TensorMap stored, engine::parse_weights(file.bytes(), path.string()));
    // A base model has no classifier yet.
    COPPICE_ASSIGN_OR_RETURN(const engine::TensorMap tensors,
                             engine::take_weights(config, stored, /*require_classifier=*/false, path.string()));
    const std::vector<std::string> matrices = engine::encoder_matrices(config);
    manifest.weights.push_back({name, format, std::string(engine::name_of(tensors.at(matrices.front()).dtype))});
    if (counted) continue;  // both forms hold the same model
    counted = true;
    for (const auto& [tensor_name, view] : tensors) manifest.parameters.total += view.elements();
    for (const std::string& matrix : matrices) {
      manifest.parameters.encoder += tensors.at(matrix).elements();
      manifest.parameters.encoder_nonzero += engine::count_nonzero(tensors.at(matrix));
    }
  }
  if (counted) return {};
  return not_found(folder.string() + ": holds neither model.safetensors nor onnx/model.onnx");
}

// The parent of a pruned model is what was last pruned: recovery and export may have gone through folders that are kept
// nowhere. Of any other it is what the last run that names one started from.
void take_plan(const std::vector<StoredRun>& runs, Manifest& manifest) {
  bool pruned = false;
  for (const StoredRun& run : runs) {
    const records::RunRecord& record = run.record;
    if (!is_making(record) || record.outcome == Outcome::kFailed) continue;
    records::PlanStep step{record.kind, run.path, record.settings, std::nullopt};
    if (record.results.contains("plan")) step.plan = record.results["plan"];
    manifest.plan.push_back(std::move(step));
    if (record.inputs.contains("parent_id") && record.inputs["parent_id"].is_string()) {
      const auto parent = record.inputs["parent_id"].get<std::string>();
      const bool prunes = record.kind == "prune";
      if (parent != manifest.id && (prunes || !pruned)) manifest.parent_id = parent;
      pruned = pruned || (prunes && parent != manifest.id);
    }
  }
}

Status take_training_data(const std::vector<StoredRun>& runs, Manifest& manifest) {
  for (const StoredRun& run : runs) {
    if (run.record.kind != "train" || !run.record.inputs.contains("training_data")) continue;
    if (run.record.outcome == Outcome::kFailed) continue;
    COPPICE_ASSIGN_OR_RETURN(manifest.training_data, records::parse_data_share(run.record.inputs["training_data"],
                                                                               run.path + ": inputs: training_data"));
  }
  return {};
}

}  // namespace

WeightsHashes hashes_of_weights(const std::vector<StoredRun>& runs, const Manifest& manifest) {
  WeightsHashes hashes;
  for (const records::WeightsFile& weights : manifest.weights)
    hashes.now.insert(manifest.find_file(weights.path)->sha256);
  for (const StoredRun& run : runs) {
    if (run.record.kind != "export" || run.record.outcome != Outcome::kFinished) continue;
    const Json& results = run.record.results;
    const Json& inputs = run.record.inputs;
    if (results.contains("weights_sha256") && results["weights_sha256"].is_string() &&
        hashes.now.count(results["weights_sha256"].get<std::string>()) != 0 && inputs.contains("weights_sha256") &&
        inputs["weights_sha256"].is_string()) {
      hashes.before_export.insert(inputs["weights_sha256"].get<std::string>());
    }
  }
  return hashes;
}

namespace {

Status take_metrics(const std::vector<StoredRun>& runs, Manifest& manifest) {
  const WeightsHashes hashes = hashes_of_weights(runs, manifest);
  const StoredRun* best = nullptr;
  std::pair<int64_t, bool> best_rank;  // number of reviews, of these very weights
  for (const StoredRun& run : runs) {
    const records::RunRecord& record = run.record;
    if (record.kind != "evaluate" || record.outcome != Outcome::kFinished) continue;
    JsonReader inputs(record.inputs, run.path + ": inputs");
    COPPICE_ASSIGN_OR_RETURN(const records::DataShare test_set,
                             records::parse_data_share(inputs.at("test_set"), run.path + ": inputs: test_set"));
    if (test_set.split != "test") continue;  // validation scores chose the model, so they are no score of it
    JsonReader results(record.results, run.path + ": results");
    const std::string evaluated = inputs.string("weights_sha256");
    const std::pair<int64_t, bool> rank(results.integer("n"), hashes.now.count(evaluated) != 0);
    COPPICE_RETURN_IF_ERROR(inputs.status());
    COPPICE_RETURN_IF_ERROR(results.status());
    // Weights that have changed since are another model.
    if (!rank.second && hashes.before_export.count(evaluated) == 0) continue;
    if (best == nullptr || rank >= best_rank) {
      best = &run;
      best_rank = rank;
    }
  }
  if (best == nullptr) return {};
  JsonReader results(best->record.results, best->path + ": results");
  const Json intervals = best->record.results.value("intervals", Json::object());
  for (const char* name : kMetrics) {
    if (!results.has(name)) continue;
    records::MetricValue& metric = manifest.metrics[name];
    metric.value = results.number(name);
    if (!intervals.is_object() || !intervals.contains(name)) continue;
    const Json& interval = intervals[name];
    if (!interval.is_array() || interval.size() != 2 || !interval[0].is_number() || !interval[1].is_number()) {
      results.fail("intervals", std::string(name) + ": expected [low, high]");
      continue;
    }
    metric.low = interval[0].get<double>();
    metric.high = interval[1].get<double>();
  }
  COPPICE_RETURN_IF_ERROR(results.status());
  COPPICE_ASSIGN_OR_RETURN(
      manifest.test_set, records::parse_data_share(best->record.inputs["test_set"], best->path + ": inputs: test_set"));
  manifest.evaluation = records::EvaluationRun{best->path, best_rank.second};
  if (results.has("engine")) manifest.evaluation->engine = results.string("engine");
  COPPICE_RETURN_IF_ERROR(results.status());
  return {};
}

template <typename Unit>
Status add_figure(const Json& json, const std::string& where, std::optional<energy::Figure<Unit>>& sum) {
  COPPICE_ASSIGN_OR_RETURN(energy::Figure<Unit> figure, records::parse_figure<Unit>(json, where));
  sum = sum ? *sum + figure : figure;
  return {};
}

Status take_energy(const std::vector<StoredRun>& runs, Manifest& manifest) {
  records::MakingEnergy making;
  bool carbon_complete = true;  // a sum that lacks some runs' carbon would not belong to the energy beside it
  for (const StoredRun& run : runs) {
    if (is_making(run.record)) {
      // A failed or interrupted run took its energy all the same.
      const Json energy = run.record.energy.value_or(Json::object());
      if (!energy.contains("energy_joules")) {
        making.runs_without_figure.push_back(run.path);
        continue;
      }
      making.runs.push_back(run.path);
      const std::string where = run.path + ": energy: ";
      COPPICE_RETURN_IF_ERROR(add_figure(energy["energy_joules"], where + "energy_joules", making.energy_joules));
      records::MakingPart part{run.record.kind, run.path, {}};
      COPPICE_ASSIGN_OR_RETURN(part.energy_joules,
                               records::parse_figure<energy::Joules>(energy["energy_joules"], where + "energy_joules"));
      making.parts.push_back(std::move(part));
      carbon_complete = carbon_complete && energy.contains("carbon_grams_co2e");
      if (carbon_complete) {
        COPPICE_RETURN_IF_ERROR(
            add_figure(energy["carbon_grams_co2e"], where + "carbon_grams_co2e", making.carbon_grams_co2e));
      }
    }
    if (run.record.kind == "measure" && run.record.outcome == Outcome::kFinished &&
        run.record.results.contains("energy_per_inference")) {
      manifest.inference_energy.clear();  // the latest measurement counts
      for (const Json& entry : run.record.results["energy_per_inference"]) {
        COPPICE_ASSIGN_OR_RETURN(records::InferenceEnergy inference,
                                 records::parse_inference_energy(entry, run.path + ": results: energy_per_inference"));
        manifest.inference_energy.push_back(std::move(inference));
      }
    }
  }
  if (!carbon_complete) making.carbon_grams_co2e.reset();
  if (!making.runs.empty() || !making.runs_without_figure.empty()) manifest.making_energy = std::move(making);
  return {};
}

Status take_id(const std::filesystem::path& folder, const std::vector<StoredRun>& runs, Manifest& manifest) {
  std::error_code error;
  manifest.id = std::filesystem::weakly_canonical(folder, error).filename().string();
  for (const StoredRun& run : runs) {
    if (!is_making(run.record)) continue;
    JsonReader settings(run.record.settings, run.path + ": settings");
    manifest.id = settings.string_or("model_id", manifest.id);
    COPPICE_RETURN_IF_ERROR(settings.status());
  }
  if (records::is_model_id(manifest.id)) return {};
  return invalid_input(folder.string() + ": \"" + manifest.id +
                       "\" is no model id (letters, digits, '.', '_', '-'); rename the folder");
}

// What every architecture's manifest has, once labels and weights are known.
Status take_records(const std::filesystem::path& folder, const std::vector<StoredRun>& runs, Manifest& manifest) {
  COPPICE_ASSIGN_OR_RETURN(manifest.files, list_files(folder));
  take_plan(runs, manifest);
  COPPICE_RETURN_IF_ERROR(take_training_data(runs, manifest));
  COPPICE_RETURN_IF_ERROR(take_metrics(runs, manifest));
  return take_energy(runs, manifest);
}

Result<Manifest> make_linear_manifest(const std::filesystem::path& folder, const std::string& config_json) {
  COPPICE_ASSIGN_OR_RETURN(const std::vector<StoredRun> runs, read_run_records(folder));
  COPPICE_ASSIGN_OR_RETURN(const MappedFile weights, MappedFile::open(folder / linear::kWeightsFileName));
  COPPICE_ASSIGN_OR_RETURN(const linear::LinearModel model,
                           linear::LinearModel::create(config_json, weights.bytes(), folder.string()));
  Manifest manifest;
  manifest.architecture = records::Architecture::kLinear;
  manifest.program_version = program_version();
  manifest.labels = {model.config().labels[0], model.config().labels[1]};
  COPPICE_RETURN_IF_ERROR(take_id(folder, runs, manifest));
  manifest.weights.push_back({linear::kWeightsFileName, "safetensors", "I8"});
  manifest.parameters.total = model.parameters();
  COPPICE_RETURN_IF_ERROR(take_records(folder, runs, manifest));
  return manifest;
}

}  // namespace

Result<Manifest> make_manifest(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return not_found(folder.string() + ": no such model folder");
  COPPICE_ASSIGN_OR_RETURN(const std::string config_json, read_file(folder / "config.json"));
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(config_json, (folder / "config.json").string()));
  if (linear::is_linear_config(document)) return make_linear_manifest(folder, config_json);
  COPPICE_ASSIGN_OR_RETURN(const records::BertConfig config, read_bert_config(folder));
  COPPICE_ASSIGN_OR_RETURN(const std::vector<StoredRun> runs, read_run_records(folder));

  Manifest manifest;
  manifest.program_version = program_version();
  manifest.labels = {config.labels[0], config.labels[1]};
  COPPICE_RETURN_IF_ERROR(take_id(folder, runs, manifest));
  COPPICE_RETURN_IF_ERROR(take_tokenizer(folder, config, manifest));
  COPPICE_ASSIGN_OR_RETURN(const int64_t model_max_length, read_model_max_length(folder));
  COPPICE_RETURN_IF_ERROR(take_input_rule(runs, config, model_max_length, manifest));
  COPPICE_RETURN_IF_ERROR(take_weights_files(folder, config, manifest));
  for (const int64_t tokens : {int64_t{128}, int64_t{256}, int64_t{512}, manifest.max_length}) {
    if (tokens <= config.max_position_embeddings)
      manifest.encoder_flops[tokens] = records::encoder_flops(config, tokens);
  }
  COPPICE_RETURN_IF_ERROR(take_records(folder, runs, manifest));
  return manifest;
}

Status refresh_manifest(const std::filesystem::path& folder) {
  COPPICE_ASSIGN_OR_RETURN(const Manifest manifest, make_manifest(folder));
  const std::string text = dump_json(records::to_json(manifest), 1) + "\n";
  const std::filesystem::path path = folder / "manifest.json";
  // A manifest that its own reader would refuse must not replace one that works.
  COPPICE_RETURN_IF_ERROR(records::parse_manifest(text, path.string()).status());
  return write_file_atomically(path, text);
}

}  // namespace coppice
