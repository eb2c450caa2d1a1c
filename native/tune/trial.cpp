#include "native/tune/trial.h"

#include <cmath>
#include <tuple>

#include "native/export/run_recorder.h"
#include "native/io/file.h"
#include "shared/metrics/binary.h"
#include "shared/records/schema.h"

namespace coppice::tune {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTrialFileName = "trial.json";

bool is_record(const fs::path& entry) {
  const std::string name = entry.filename().string();
  return name == kTrialFileName || name == "log.txt" || name == "runs" || name.front() == '.';
}

template <typename Unit>
Status add_figure(const Json& json, const std::string& where, std::optional<energy::Figure<Unit>>& sum) {
  COPPICE_ASSIGN_OR_RETURN(energy::Figure<Unit> figure, records::parse_figure<Unit>(json, where));
  sum = sum ? *sum + figure : figure;
  return {};
}

Status take_energy(const std::vector<StoredRun>& runs, TrialResult& result) {
  bool carbon_complete = true;
  for (const StoredRun& run : runs) {
    const Json energy = run.record.energy.value_or(Json::object());
    if (!energy.contains("energy_joules")) {
      result.runs_without_energy.push_back(run.path);
      continue;
    }
    const std::string where = run.path + ": energy: ";
    COPPICE_RETURN_IF_ERROR(add_figure(energy["energy_joules"], where + "energy_joules", result.energy));
    carbon_complete = carbon_complete && energy.contains("carbon_grams_co2e");
    if (carbon_complete)
      COPPICE_RETURN_IF_ERROR(add_figure(energy["carbon_grams_co2e"], where + "carbon_grams_co2e", result.carbon));
  }
  if (!carbon_complete || !result.runs_without_energy.empty()) result.carbon.reset();
  return {};
}

// The scores of a finished training run.
Status take_scores(const StoredRun& run, const std::string& folder, TrialResult& result) {
  const std::string where = folder + "/" + run.path;
  JsonReader results(run.record.results, where + ": results");
  const Json& best = results.at("best");
  COPPICE_RETURN_IF_ERROR(results.status());
  JsonReader scores(best, where + ": results: best");
  result.accuracy.value = scores.number("validation_accuracy");
  result.loss = scores.number("validation_loss");
  COPPICE_RETURN_IF_ERROR(scores.status());
  JsonReader inputs(run.record.inputs, where + ": inputs");
  const Json& validation = inputs.at("validation_data");
  const Json& training = inputs.at("training_data");
  COPPICE_RETURN_IF_ERROR(inputs.status());
  JsonReader validation_reader(validation, where + ": inputs: validation_data");
  result.validation_reviews = validation_reader.integer("examples");
  result.validation_sha256 = validation_reader.string("sha256");
  COPPICE_RETURN_IF_ERROR(validation_reader.status());
  JsonReader training_reader(training, where + ": inputs: training_data");
  result.training_sha256 = training_reader.string("sha256");
  COPPICE_RETURN_IF_ERROR(training_reader.status());
  const auto n = static_cast<double>(result.validation_reviews);
  if (!(result.accuracy.value >= 0 && result.accuracy.value <= 1) || result.validation_reviews < 1) {
    return invalid_input(where + ": validation_accuracy " + number_text(result.accuracy.value) + " on " +
                         std::to_string(result.validation_reviews) + " reviews is no accuracy");
  }
  COPPICE_ASSIGN_OR_RETURN(const metrics::Interval interval,
                           metrics::wilson_interval(static_cast<int64_t>(std::llround(result.accuracy.value * n)),
                                                    result.validation_reviews));
  result.accuracy.low = interval.low;
  result.accuracy.high = interval.high;
  return {};
}

}  // namespace

std::string Trial::id() const {
  std::string text = std::to_string(candidate);
  if (text.size() < 3) text.insert(0, 3 - text.size(), '0');
  if (rung) text += "-rung" + std::to_string(*rung);
  return text;
}

OrderedJson to_json(const Trial& trial) {
  OrderedJson json;
  json["id"] = trial.id();
  json["candidate"] = trial.candidate;
  if (trial.rung) json["rung"] = *trial.rung;
  if (trial.reviews) json["reviews"] = *trial.reviews;
  json["parameters"] = to_json(trial.parameters);
  return json;
}

Result<Trial> parse_trial(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  Trial trial;
  trial.candidate = reader.integer("candidate");
  if (reader.has("rung")) trial.rung = reader.integer("rung");
  if (reader.has("reviews")) trial.reviews = reader.integer("reviews");
  const std::string id = reader.string("id");
  const Json& parameters = reader.at("parameters");
  COPPICE_RETURN_IF_ERROR(reader.status());
  COPPICE_ASSIGN_OR_RETURN(trial.parameters, parse_parameters(parameters, where + ": parameters"));
  // The id becomes a path.
  if (trial.candidate < 0 || trial.rung.value_or(0) < 0 || trial.id() != id) {
    return invalid_input(where + ": id \"" + id + "\" is not that of its candidate and rung");
  }
  return trial;
}

const char* to_string(TrialState state) {
  switch (state) {
    case TrialState::kNotRun:
      return "not_run";
    case TrialState::kInterrupted:
      return "interrupted";
    case TrialState::kFailed:
      return "failed";
    case TrialState::kFinished:
      return "finished";
  }
  return "not_run";
}

Status write_trial_file(const fs::path& folder, const TrialFile& file) {
  OrderedJson json;
  json["schema_version"] = kTrialVersion;
  json["sweep_id"] = file.sweep_id;
  json["trial"] = to_json(file.trial);
  json["attempts"] = OrderedJson::array();
  for (const Attempt& attempt : file.attempts) {
    OrderedJson entry = OrderedJson::object();
    if (attempt.exit_code) entry["exit_code"] = *attempt.exit_code;
    if (!attempt.error.empty()) entry["error"] = attempt.error;
    json["attempts"].push_back(entry);
  }
  return write_file_atomically(folder / kTrialFileName, dump_json(json, 1) + "\n");
}

Result<std::optional<TrialFile>> read_trial_file(const fs::path& folder) {
  std::error_code error;
  const fs::path path = folder / kTrialFileName;
  if (!fs::exists(path, error)) return std::optional<TrialFile>();
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(path));
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(bytes, path.string()));
  COPPICE_RETURN_IF_ERROR(records::check_schema_version(document, kTrialVersion, path.string()));
  JsonReader reader(document, path.string());
  TrialFile file;
  file.sweep_id = reader.string("sweep_id");
  const Json& trial = reader.at("trial");
  const Json& attempts = reader.at("attempts");
  COPPICE_RETURN_IF_ERROR(reader.status());
  COPPICE_ASSIGN_OR_RETURN(file.trial, parse_trial(trial, path.string() + ": trial"));
  if (!attempts.is_array()) return invalid_input(path.string() + ": attempts: expected a list");
  for (const Json& entry : attempts) {
    JsonReader attempt_reader(entry, path.string() + ": attempts");
    Attempt attempt;
    if (attempt_reader.has("exit_code")) attempt.exit_code = static_cast<int>(attempt_reader.integer("exit_code"));
    attempt.error = attempt_reader.string_or("error", "");
    COPPICE_RETURN_IF_ERROR(attempt_reader.status());
    file.attempts.push_back(std::move(attempt));
  }
  return std::optional<TrialFile>(std::move(file));
}

Result<TrialResult> read_trial_result(const fs::path& folder, const std::string& sweep_id) {
  TrialResult result;
  COPPICE_ASSIGN_OR_RETURN(const std::optional<TrialFile> file, read_trial_file(folder));
  if (!file) return result;
  if (file->sweep_id != sweep_id) {
    return invalid_usage(folder.string() + " belongs to another sweep (" + file->sweep_id + ", not " + sweep_id +
                         "); choose another --output");
  }
  Result<std::vector<StoredRun>> runs = read_run_records(folder);
  if (!runs) return runs.status();
  result.attempts = static_cast<int64_t>(file->attempts.size());
  int64_t ends = 0;
  const StoredRun* finished = nullptr;
  for (const StoredRun& run : *runs) {
    result.runs.push_back(run.path);
    result.seconds += run.record.duration_seconds;
    const bool done = run.record.outcome == records::Outcome::kFinished;
    if (run.record.kind == "train" || !done) ++ends;
    // The first that finished counts: a second one (two folders merged) changes nothing.
    if (run.record.kind == "train" && done && finished == nullptr) finished = &run;
  }
  result.attempts_without_record = std::max<int64_t>(0, result.attempts - ends);
  COPPICE_RETURN_IF_ERROR(take_energy(*runs, result));
  if (finished != nullptr) {
    result.state = TrialState::kFinished;
    result.finished_run = finished->path;
    COPPICE_RETURN_IF_ERROR(take_scores(*finished, folder.string(), result));
  } else if (!file->attempts.empty()) {
    const Attempt& last = file->attempts.back();
    result.state = last.error.empty() ? TrialState::kInterrupted : TrialState::kFailed;
    result.error = last.error;
  }
  return result;
}

bool better(const Trial& a, const TrialResult& of_a, const Trial& b, const TrialResult& of_b) {
  return std::make_tuple(-of_a.accuracy.value, of_a.loss, a.candidate) <
         std::make_tuple(-of_b.accuracy.value, of_b.loss, b.candidate);
}

Status delete_model(const fs::path& trial_folder) {
  std::error_code error;
  if (!fs::is_directory(trial_folder, error)) return {};
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(trial_folder, error)) {
    if (!is_record(entry.path())) entries.push_back(entry.path());
  }
  for (const fs::path& entry : entries) {
    fs::remove_all(entry, error);
    if (error) return failed("cannot delete " + entry.string() + ": " + error.message());
  }
  return {};
}

bool has_model(const fs::path& trial_folder) {
  std::error_code error;
  return fs::exists(trial_folder / "model.safetensors", error);
}

Status copy_model(const fs::path& trial_folder, const fs::path& target) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(trial_folder, error)) {
    const std::string name = entry.path().filename().string();
    if ((is_record(entry.path()) && name != "runs") || name == "checkpoints") continue;
    fs::copy(entry.path(), target / name, fs::copy_options::recursive, error);
    if (error) return failed("cannot copy " + entry.path().string() + ": " + error.message());
  }
  if (error) return failed("cannot list " + trial_folder.string() + ": " + error.message());
  return {};
}

}  // namespace coppice::tune
