#include "native/report/collect.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <tuple>

#include "native/export/model_folder.h"
#include "native/io/file.h"
#include "native/records/quick_json.h"
#include "shared/records/run_record.h"

namespace coppice::report {
namespace {

namespace fs = std::filesystem;

// No record of ours comes near it; a larger file is data under a name that ends in .json.
constexpr uintmax_t kMostBytes = uintmax_t{64} << 20;
// Accuracies are sums of whole numbers over n: equal ones differ by rounding alone.
constexpr double kSameAccuracy = 1e-12;

// Folders that are never looked into: what they hold is no record, and can be large.
bool is_skipped_folder(const std::string& name) {
  return name.front() == '.' || name == "node_modules" || name == "checkpoints" || name == "onnx" || name == "build";
}

std::string shown_path(const fs::path& file, const fs::path& given) {
  std::error_code error;
  const fs::path here = fs::current_path(error);
  const fs::path relative = fs::absolute(file, error).lexically_normal().lexically_relative(here);
  if (!relative.empty() && *relative.begin() != "..") return relative.generic_string();
  // Elsewhere: other people's paths are no use to anyone.
  const fs::path root = fs::absolute(given, error).lexically_normal();
  const fs::path name = root.has_filename() ? root.filename() : root.parent_path().filename();
  return (name / fs::absolute(file, error).lexically_normal().lexically_relative(root)).generic_string();
}

// What docs/examples/time-in-ort-web prints: null, or what is missing of it.
const char* missing_of_ort_web_times(const Json& document) {
  const auto is = [](const Json& object, const char* key, bool (Json::*of_kind)() const noexcept) {
    const auto it = object.find(key);
    return it != object.end() && (*it.*of_kind)();
  };
  if (!is(document, "runtime", &Json::is_string)) return "runtime";
  for (const char* key : {"tokens", "turns"}) {
    if (!is(document, key, &Json::is_number)) return key;
  }
  if (!is(document, "models", &Json::is_array) || document["models"].empty()) return "models";
  for (const Json& model : document["models"]) {
    if (!model.is_object() || !is(model, "model", &Json::is_string)) return "models/model";
    for (const char* key : {"median_ms", "ratio_to_first", "ratio_mad", "bytes"}) {
      if (!is(model, key, &Json::is_number)) return key;
    }
  }
  return nullptr;
}

class Collector {
 public:
  Status scan(const fs::path& given, bool shipped) {
    std::error_code error;
    if (!fs::is_directory(given, error)) {
      return not_found(given.string() + ": no such folder; expected one with model folders or run records");
    }
    std::vector<fs::path> files;
    fs::recursive_directory_iterator entries(given, fs::directory_options::skip_permission_denied, error);
    if (error) return failed("cannot list " + given.string() + ": " + error.message());
    for (; entries != fs::recursive_directory_iterator(); entries.increment(error)) {
      if (error) return failed("cannot list below " + given.string() + ": " + error.message());
      const std::string name = entries->path().filename().string();
      if (entries->is_directory(error) && is_skipped_folder(name)) {
        entries.disable_recursion_pending();
      } else if (entries->is_regular_file(error) && entries->path().extension() == ".json" && name.front() != '.') {
        files.push_back(entries->path());
      }
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) read(file, given, shipped);
    return {};
  }

  Collection finish() {
    std::sort(found_.records.begin(), found_.records.end(), [](const CollectedRecord& a, const CollectedRecord& b) {
      const auto key = [](const CollectedRecord& record) {
        return std::make_tuple(std::string_view(record.record.started_at), record.record.kind == "export",
                               std::string_view(record.file.path));
      };
      return key(a) < key(b);
    });
    keep_contradictions_apart();
    give_records_to_models();
    check_manifests();
    check_parents();
    return std::move(found_);
  }

 private:
  void keep_apart(const SourceFile& file, Why why, std::string reason) {
    found_.apart.push_back({file, why, std::move(reason)});
  }

  void read(const fs::path& path, const fs::path& given, bool shipped) {
    SourceFile file{shown_path(path, given), ""};
    std::error_code error;
    const uintmax_t bytes_there = fs::file_size(path, error);
    if (error) return keep_apart(file, Why::kUnreadable, file.path + ": " + error.message());
    if (bytes_there > kMostBytes) {
      ++found_.passed_over;
      return;
    }
    const Result<std::string> bytes = read_file(path);
    if (!bytes) return keep_apart(file, Why::kUnreadable, bytes.status().message());
    file.sha256 = sha256_hex(*bytes);
    ++found_.files_read;
    const std::string name = path.filename().string();
    const std::string parent = path.parent_path().filename().string();
    const bool is_manifest = name == "manifest.json";
    // A run's file tells by its place what it should be, even when nothing of it can be read.
    const bool should_be_record = parent == "runs";
    if (!seen_.insert(file.sha256).second && (is_manifest || should_be_record)) {
      ++found_.copies;
      return;
    }
    if (should_be_record) return read_record(file, path, *bytes);
    Result<Json> document = parse_json(*bytes, file.path);
    if (!document) {
      if (is_manifest || name == "lifecycle.json" || name == "sweep.json") {
        keep_apart(file, Why::kHalfWritten, document.status().message());
      } else {
        ++found_.passed_over;
      }
      return;
    }
    if (is_manifest) return read_manifest(file, path, std::move(*document), *bytes, shipped);
    const bool is_record =
        name != "lifecycle.json" && document->is_object() && document->contains("run_id") && document->contains("kind");
    if (is_record) return read_record(file, path, *bytes);
    read_other(file, name, std::move(*document));
  }

  void refuse(const SourceFile& file, const Status& status) {
    keep_apart(file, status.code() == StatusCode::kUnsupported ? Why::kOtherVersion : Why::kNotValid, status.message());
  }

  void read_record(const SourceFile& file, const fs::path& path, const std::string& bytes) {
    Result<Json> document = records::quick_parse_json(bytes, file.path);
    if (!document) return keep_apart(file, Why::kHalfWritten, document.status().message());
    Result<records::RunRecord> record = records::take_run_record(*document, file.path);
    if (!record) return refuse(file, record.status());
    folder_of_record_[file.id()] = path.parent_path().parent_path();
    if (record->energy) keep_of_phases(*record->energy);
    found_.records.push_back({file, std::move(*record), ""});
  }

  // A training has a phase for each of hundreds of checkpoints, with its method in words each time: nine tenths of its
  // record, of which the page draws one curve.
  static void keep_of_phases(Json& energy) {
    const auto phases = energy.find("phases");
    if (phases == energy.end() || !phases->is_array()) return;
    for (Json& phase : *phases) {
      if (!phase.is_object()) continue;
      Json kept = Json::object();
      if (const auto name = phase.find("name"); name != phase.end()) kept["name"] = std::move(*name);
      const auto joules = phase.find("energy_joules");
      if (joules != phase.end() && joules->is_object() && joules->contains("value")) {
        kept["energy_joules"]["value"] = std::move((*joules)["value"]);
      }
      phase = std::move(kept);
    }
  }

  void read_manifest(const SourceFile& file, const fs::path& path, Json document, const std::string& bytes,
                     bool shipped) {
    Result<records::Manifest> manifest = records::parse_manifest(bytes, file.path);
    if (!manifest) return refuse(file, manifest.status());
    for (const CollectedModel& model : found_.models) {
      if (model.summary.manifest.id != manifest->id) continue;
      return keep_apart(
          file, Why::kContradiction,
          file.path + ": a second, different model \"" + manifest->id + "\"; the first is " + model.file.path);
    }
    CollectedModel model{file, std::move(document), shipped, true, {}};
    model.summary.folder = path.parent_path();
    model.summary.manifest = std::move(*manifest);
    found_.models.push_back(std::move(model));
  }

  void read_other(const SourceFile& file, const std::string& name, Json document) {
    std::string kind;
    if (name == "lifecycle.json") kind = "lifecycle";
    if (name == "sweep.json") kind = "sweep";
    if (document.is_object() && document.contains("layer_milliseconds") && document.contains("measured")) {
      kind = "latency";
    }
    if (document.is_object() && text_of(document, "kind") == "ort-web-times") kind = "ort-web";
    if (kind.empty()) {
      ++found_.passed_over;
      if (document.is_object() && document.contains("bench")) found_.not_used.push_back(file.path);
      return;
    }
    const Json version = document.is_object() ? document.value("schema_version", Json()) : Json();
    if (version != 1) {
      return keep_apart(file, Why::kOtherVersion,
                        file.path + ": schema_version is " + dump_json(version) + "; this program reads version 1");
    }
    if (const char* missing = kind == "ort-web" ? missing_of_ort_web_times(document) : nullptr) {
      return keep_apart(file, Why::kNotValid, file.path + ": times in ONNX Runtime Web without a usable " + missing);
    }
    std::string key = kind;
    key += ' ';
    key += file.path;
    found_.others.emplace(std::move(key), std::make_pair(file, std::move(document)));
  }

  void drop(const std::set<std::string>& ids) {
    std::erase_if(found_.records, [&](const CollectedRecord& record) { return ids.count(record.file.id()) > 0; });
  }

  static std::string text_of(const Json& object, const char* key) {
    const auto it = object.find(key);
    return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
  }

  // One run told in two ways, and one evaluation with two results: neither is believed.
  void keep_contradictions_apart() {
    std::map<std::string, std::vector<const CollectedRecord*>> runs;
    std::map<std::string, std::vector<const CollectedRecord*>> evaluations;
    for (const CollectedRecord& record : found_.records) {
      // Models measured in turns share a run_id; each has a record of its own.
      const std::string weights = text_of(record.record.inputs, "weights_sha256");
      runs[record.record.run_id + ' ' + record.record.kind + ' ' + weights].push_back(&record);
      if (record.record.kind != "evaluate" || record.record.outcome != records::Outcome::kFinished) continue;
      const Json& test_set = record.record.inputs.value("test_set", Json::object());
      const Json& results = record.record.results;
      if (!test_set.is_object() || !results.contains("accuracy") || !results["accuracy"].is_number()) continue;
      const std::string test = text_of(test_set, "sha256");
      if (weights.empty() || test.empty()) continue;
      evaluations[weights + ' ' + test + ' ' + dump_json(record.record.settings) + ' ' + text_of(results, "engine")]
          .push_back(&record);
    }
    std::set<std::string> wrong;
    for (const auto& [key, same] : runs) {
      if (same.size() < 2) continue;
      for (const CollectedRecord* record : same) {
        wrong.insert(record->file.id());
        const CollectedRecord* other = record == same.front() ? same.back() : same.front();
        keep_apart(record->file, Why::kContradiction,
                   record->file.path + ": run " + record->record.run_id.substr(0, 8) + " is told otherwise in " +
                       other->file.path);
      }
    }
    for (const auto& [key, same] : evaluations) {
      const auto accuracy = [](const CollectedRecord* record) {
        return record->record.results["accuracy"].get<double>();
      };
      const double first = accuracy(same.front());
      const auto differs = std::find_if(same.begin(), same.end(), [&](const CollectedRecord* record) {
        return std::abs(accuracy(record) - first) > kSameAccuracy;
      });
      if (differs == same.end()) continue;
      for (const CollectedRecord* record : same) {
        if (!wrong.insert(record->file.id()).second) continue;
        const CollectedRecord* other = record == same.front() ? *differs : same.front();
        keep_apart(record->file, Why::kContradiction,
                   record->file.path + ": accuracy " + std::to_string(accuracy(record)) +
                       " of the same weights on the same reviews as in " + other->file.path + ", which has " +
                       std::to_string(accuracy(other)));
      }
    }
    drop(wrong);
  }

  static bool has_weights(const CollectedModel& model, const std::string& sha256) {
    const records::Manifest& manifest = model.summary.manifest;
    return std::any_of(manifest.weights.begin(), manifest.weights.end(), [&](const records::WeightsFile& weights) {
      const records::FileEntry* file = manifest.find_file(weights.path);
      return file != nullptr && file->sha256 == sha256;
    });
  }

  // A record belongs to the model whose folder it lies in, else to the one whose weights it names.
  void give_records_to_models() {
    for (CollectedRecord& record : found_.records) {
      const fs::path& folder = folder_of_record_[record.file.id()];
      CollectedModel* owner = nullptr;
      for (CollectedModel& model : found_.models) {
        if (model.summary.folder == folder) owner = &model;
      }
      const std::string weights = text_of(record.record.inputs, "weights_sha256");
      for (CollectedModel& model : found_.models) {
        if (owner == nullptr && !weights.empty() && has_weights(model, weights)) owner = &model;
      }
      if (owner == nullptr) continue;
      record.model = owner->summary.manifest.id;
      const std::string name = fs::path(record.file.path).filename().string();
      owner->summary.runs.push_back({"runs/" + name, record.record});
    }
  }

  // What a manifest says that its records do not.
  void check_manifests() {
    for (CollectedModel& model : found_.models) {
      const records::Manifest& manifest = model.summary.manifest;
      // In its own folder, else the copy that was met first: a model in another format carries its parent's records,
      // and names of records do not repeat.
      const auto find = [&](const std::string& run) -> const records::RunRecord* {
        for (const StoredRun& stored : model.summary.runs) {
          if (stored.path == run) return &stored.record;
        }
        for (const CollectedRecord& record : found_.records) {
          if (fs::path(record.file.path).filename() == fs::path(run).filename()) return &record.record;
        }
        return nullptr;
      };
      std::set<std::string> named;
      for (const records::PlanStep& step : manifest.plan) named.insert(step.run);
      if (manifest.evaluation) named.insert(manifest.evaluation->run);
      if (manifest.making_energy)
        named.insert(manifest.making_energy->runs.begin(), manifest.making_energy->runs.end());
      for (const std::string& run : named) {
        if (find(run) != nullptr) continue;
        keep_apart({run, ""}, Why::kMissing,
                   model.file.path + " names " + run + ", which is not among the records that could be used");
        if (manifest.evaluation && manifest.evaluation->run == run) model.metrics_hold = false;
      }
      const records::RunRecord* evaluation = manifest.evaluation ? find(manifest.evaluation->run) : nullptr;
      const auto accuracy = manifest.metrics.find("accuracy");
      if (evaluation == nullptr || accuracy == manifest.metrics.end()) continue;
      const Json& said = evaluation->results.value("accuracy", Json());
      if (said.is_number() && std::abs(said.get<double>() - accuracy->second.value) > kSameAccuracy) {
        model.metrics_hold = false;
        keep_apart(model.file, Why::kContradiction,
                   model.file.path + ": accuracy " + std::to_string(accuracy->second.value) + ", but " +
                       manifest.evaluation->run + " has " + dump_json(said) +
                       "; `coppice catalog --refresh` makes the manifest anew");
      }
    }
  }

  // Every hash by which the weights of a model are known: as shipped, as evaluated, before an export and after it.
  static std::set<std::string> known_weights(const CollectedModel& model) {
    std::set<std::string> hashes;
    for (const records::FileEntry& file : model.summary.manifest.files) hashes.insert(file.sha256);
    for (const StoredRun& run : model.summary.runs) {
      hashes.insert(text_of(run.record.inputs, "weights_sha256"));
      hashes.insert(text_of(run.record.results, "weights_sha256"));
    }
    hashes.erase("");
    return hashes;
  }

  // A model of the parent's name need not be the parent: a name can have been given twice.
  void check_parents() {
    for (CollectedModel& model : found_.models) {
      std::optional<std::string>& parent_id = model.summary.manifest.parent_id;
      if (!parent_id || model.summary.runs.empty()) continue;
      const std::string base = text_of(model.summary.runs.front().record.inputs, "base_weights_sha256");
      for (const CollectedModel& parent : found_.models) {
        if (base.empty() || parent.summary.manifest.id != *parent_id) continue;
        if (known_weights(parent).count(base) > 0) break;
        found_.notes.push_back(model.summary.manifest.id + ": made from other weights than the " + *parent_id +
                               " among these models has, whatever its name; it counts as no descendant of it");
        parent_id.reset();
        break;
      }
    }
  }

  Collection found_;
  std::set<std::string> seen_;                        // sha256
  std::map<std::string, fs::path> folder_of_record_;  // by id, the folder that holds runs/
};

}  // namespace

const char* to_string(Why why) {
  switch (why) {
    case Why::kUnreadable:
      return "unreadable";
    case Why::kHalfWritten:
      return "half written";
    case Why::kOtherVersion:
      return "other schema version";
    case Why::kNotValid:
      return "not valid";
    case Why::kContradiction:
      return "contradiction";
    case Why::kMissing:
      return "missing";
  }
  return "not valid";
}

Result<Collection> collect(const CollectOptions& options) {
  Collector collector;
  if (!options.models.empty()) COPPICE_RETURN_IF_ERROR(collector.scan(options.models, true));
  for (const fs::path& folder : options.folders) COPPICE_RETURN_IF_ERROR(collector.scan(folder, false));
  Collection found = collector.finish();
  if (found.records.empty() && found.models.empty()) {
    std::string message = "no run record and no model folder that could be used";
    for (const KeptApart& apart : found.apart) message += "\n  " + apart.reason;
    return invalid_input(message + ". Give --models FOLDER or --runs FOLDER with records of `coppice`");
  }
  return found;
}

}  // namespace coppice::report
