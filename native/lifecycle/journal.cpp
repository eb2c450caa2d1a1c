#include "native/lifecycle/journal.h"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <optional>
#include <random>

#include "native/export/run_recorder.h"
#include "native/io/file.h"
#include "shared/records/figure.h"
#include "shared/records/schema.h"

namespace coppice::lifecycle {
namespace {

namespace fs = std::filesystem;

constexpr StepState kStates[] = {StepState::kNotRun, StepState::kRunning,     StepState::kFinished,
                                 StepState::kFailed, StepState::kInterrupted, StepState::kUnavailable};

std::string random_id() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::random_device device;
  std::string text;
  while (text.size() < 32) text += kDigits[device() & 15U];
  return text;
}

OrderedJson json_of(const Hashes& hashes) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [path, hash] : hashes) json[path] = hash;
  return json;
}

Result<Hashes> hashes_of(const Json& json, const std::string& where) {
  Hashes hashes;
  if (!json.is_object()) return invalid_input(where + ": expected an object");
  for (const auto& [path, hash] : json.items()) {
    if (!hash.is_string()) return invalid_input(where + ": " + path + ": expected a text");
    hashes[path] = hash.get<std::string>();
  }
  return hashes;
}

// What is read of an attempt later is of the type that is expected.
Status check_attempt(const Json& attempt, const std::string& where) {
  JsonReader reader(attempt, where);
  reader.string("started_at");
  reader.number_or("duration_seconds", 0);
  reader.number_or("cpu_time_seconds", 0);
  COPPICE_RETURN_IF_ERROR(reader.status());
  const bool fits = !attempt.contains("energy") || attempt["energy"].is_object();
  return fits ? Status() : invalid_input(where + ": energy: expected an object");
}

Result<StepEntry> parse_entry(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  StepEntry entry;
  const std::string state = reader.string("state");
  entry.reason = reader.string_or("reason", "");
  COPPICE_RETURN_IF_ERROR(reader.status());
  bool known = false;
  for (const StepState one : kStates) {
    if (state != to_string(one)) continue;
    entry.state = one;
    known = true;
  }
  if (!known) return invalid_input(where + ": state is \"" + state + "\"");
  if (reader.has("inputs")) {
    JsonReader inputs(json["inputs"], where + ": inputs");
    entry.inputs_hash = inputs.string("hash");
    const Json& files = inputs.at("files");
    COPPICE_RETURN_IF_ERROR(inputs.status());
    COPPICE_ASSIGN_OR_RETURN(entry.inputs, hashes_of(files, where + ": inputs: files"));
  }
  if (reader.has("outputs")) {
    COPPICE_ASSIGN_OR_RETURN(entry.outputs, hashes_of(json["outputs"], where + ": outputs"));
  }
  if (reader.has("records")) entry.records = reader.strings("records");
  if (reader.has("superseded_records")) entry.superseded = reader.strings("superseded_records");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (reader.has("attempts")) {
    if (!json["attempts"].is_array()) return invalid_input(where + ": attempts: expected a list");
    for (const Json& attempt : json["attempts"]) COPPICE_RETURN_IF_ERROR(check_attempt(attempt, where + ": attempts"));
    entry.attempts = OrderedJson(json["attempts"]);
  }
  if (reader.has("predicted")) {
    JsonReader predicted(json["predicted"], where + ": predicted");
    JsonReader seconds(predicted.at("duration_seconds"), where + ": predicted: duration_seconds");
    for (const char* bound : {"value", "low", "high"}) seconds.number(bound);
    COPPICE_RETURN_IF_ERROR(predicted.status());
    COPPICE_RETURN_IF_ERROR(seconds.status());
    entry.predicted = OrderedJson(json["predicted"]);
  }
  return entry;
}

Result<Journal> parse_journal(const std::string& bytes, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(bytes, source));
  COPPICE_RETURN_IF_ERROR(records::check_schema_version(document, kJournalVersion, source));
  JsonReader reader(document, source);
  Journal journal;
  journal.run_id = reader.string("run_id");
  journal.started_at = reader.string("started_at");
  journal.outcome = reader.string("outcome");
  const Json& steps = reader.at("steps");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (!steps.is_array()) return invalid_input(source + ": steps: expected a list");
  for (const char* name : {"base", "data", "prediction"}) {
    if (!reader.has(name)) continue;
    OrderedJson& target = name[0] == 'b' ? journal.base : name[0] == 'd' ? journal.data : journal.prediction;
    if (!document[name].is_object()) return invalid_input(source + ": " + name + ": expected an object");
    target = OrderedJson(document[name]);
  }
  Json all = steps;
  if (reader.has("former_steps") && document["former_steps"].is_array()) {
    for (const Json& former : document["former_steps"]) all.push_back(former);
  }
  for (const Json& step : all) {
    JsonReader step_reader(step, source + ": steps");
    const std::string id = step_reader.string("id");
    COPPICE_RETURN_IF_ERROR(step_reader.status());
    COPPICE_ASSIGN_OR_RETURN(journal.steps[id], parse_entry(step, source + ": steps: " + id));
  }
  return journal;
}

// Of a git clone above the working folder, without running git.
std::string commit_of_clone() {
  std::error_code error;
  for (fs::path folder = fs::current_path(error); !error; folder = folder.parent_path()) {
    const fs::path git = folder / ".git";
    if (fs::is_directory(git, error)) {
      std::ifstream head(git / "HEAD");
      std::string line;
      std::getline(head, line);
      if (line.rfind("ref: ", 0) != 0) return line.size() == 40 ? line : "";
      std::ifstream ref(git / line.substr(5));
      std::string commit;
      std::getline(ref, commit);
      if (commit.size() == 40) return commit;
      std::ifstream packed(git / "packed-refs");
      for (std::string entry; std::getline(packed, entry);)
        if (entry.size() > 41 && entry.substr(41) == line.substr(5)) return entry.substr(0, 40);
      return "";
    }
    error.clear();
    if (folder == folder.parent_path()) return "";
  }
  return "";
}

template <typename Unit>
void add_figure(const OrderedJson& holder, const char* name, std::optional<energy::Figure<Unit>>& sum, bool& complete) {
  if (!holder.is_object() || !holder.contains(name)) {
    complete = false;
    return;
  }
  const auto figure = records::parse_figure<Unit>(Json(holder[name]), name);
  if (!figure) {
    complete = false;
    return;
  }
  sum = sum ? *sum + *figure : *figure;
}

OrderedJson json_of(const Step& step, const StepEntry& entry, const JournalContext& context) {
  OrderedJson json;
  json["id"] = step.id;
  json["kind"] = step.kind;
  json["what"] = step.what;
  if (!step.form.empty()) json["form"] = step.form;
  if (!step.model.empty()) json["model"] = step.model;
  if (!step.command.empty()) json["command"] = step.command;
  json["state"] = to_string(entry.state);
  if (!entry.reason.empty()) json["reason"] = entry.reason;
  if (entry.skipped) json["skipped"] = true;
  if (!entry.inputs_hash.empty()) json["inputs"] = {{"hash", entry.inputs_hash}, {"files", json_of(entry.inputs)}};
  if (!entry.outputs.empty()) json["outputs"] = json_of(entry.outputs);
  if (!entry.records.empty()) json["records"] = entry.records;
  if (!entry.superseded.empty()) json["superseded_records"] = entry.superseded;
  std::error_code error;
  if (fs::exists(fs::path(context.directory) / "logs" / (step.id + ".log"), error))
    json["log"] = "logs/" + step.id + ".log";
  if (!entry.attempts.empty()) {
    json["attempts"] = entry.attempts;
    json["started_at"] = entry.attempts.front()["started_at"];
    json.update(totals_of({&entry.attempts}));
  }
  if (!entry.predicted.is_null()) json["predicted"] = entry.predicted;
  return json;
}

}  // namespace

const char* to_string(StepState state) {
  switch (state) {
    case StepState::kNotRun:
      return "not_run";
    case StepState::kRunning:
      return "running";
    case StepState::kFinished:
      return "finished";
    case StepState::kFailed:
      return "failed";
    case StepState::kInterrupted:
      return "interrupted";
    case StepState::kUnavailable:
      return "unavailable";
  }
  return "not_run";
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

std::string shown_path(const std::string& path, const std::string& directory) {
  if (path.rfind(directory + "/", 0) == 0) return path.substr(directory.size() + 1);
  if (path.empty() || path.front() == '/' || path.rfind("./", 0) == 0 || path.rfind("../", 0) == 0) return path;
  return "./" + path;
}

OrderedJson totals_of(const std::vector<const OrderedJson*>& attempts) {
  double seconds = 0;
  double cpu_seconds = 0;
  std::optional<energy::Figure<energy::Joules>> joules;
  std::optional<energy::Figure<energy::GramsCo2e>> grams;
  bool carbon_complete = true;
  int64_t without = 0;
  for (const OrderedJson* list : attempts) {
    for (const OrderedJson& attempt : *list) {
      if (attempt.contains("duration_seconds")) seconds += attempt["duration_seconds"].get<double>();
      if (attempt.contains("cpu_time_seconds")) cpu_seconds += attempt["cpu_time_seconds"].get<double>();
      const OrderedJson energy = attempt.contains("energy") ? attempt["energy"] : OrderedJson();
      bool complete = true;
      add_figure(energy, "energy_joules", joules, complete);
      if (!complete) {
        ++without;
        continue;
      }
      add_figure(energy, "carbon_grams_co2e", grams, carbon_complete);
    }
  }
  OrderedJson json;
  json["duration_seconds"] = seconds;
  json["cpu_time_seconds"] = cpu_seconds;
  if (joules) json["energy_joules"] = energy::to_json(*joules);
  if (grams && carbon_complete) json["carbon_grams_co2e"] = energy::to_json(*grams);
  if (without > 0) json["attempts_without_energy"] = without;
  return json;
}

Result<Journal> read_journal(const fs::path& directory) {
  const fs::path path = directory / kJournalFileName;
  std::error_code error;
  if (!fs::exists(path, error)) {
    Journal fresh;
    fresh.run_id = random_id();
    fresh.started_at = utc_now();
    return fresh;
  }
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(path));
  Result<Journal> journal = parse_journal(bytes, path.string());
  if (journal) return journal;
  return Status(journal.status().code(), journal.status().message() +
                                             ". The life cycle in this folder cannot be gone on with; nothing was "
                                             "changed. Choose another --output");
}

OrderedJson to_json(const Journal& journal, const JournalContext& context) {
  static const std::string kCommit = commit_of_clone();
  OrderedJson json;
  json["schema_version"] = kJournalVersion;
  json["kind"] = "lifecycle";
  json["run_id"] = journal.run_id;
  json["name"] = context.config.name;
  json["program_version"] = program_version();
  if (!kCommit.empty()) json["commit"] = kCommit;
  json["started_at"] = journal.started_at;
  json["updated_at"] = utc_now();
  json["outcome"] = journal.outcome;
  if (!journal.error.empty()) json["error"] = journal.error;
  json["command"] = context.command;
  json["config"] = {{"path", shown_path(context.config.source, context.directory)},
                    {"sha256", context.config.sha256},
                    {"settings", context.config.document}};
  json["machine"] = describe_machine();
  if (!journal.base.is_null()) json["base"] = journal.base;
  if (!journal.data.is_null()) json["data"] = journal.data;
  json["models"] = OrderedJson::array();
  for (const ModelEntry& model : context.plan.models) {
    OrderedJson entry;
    entry["id"] = model.id;
    entry["folder"] = "models/" + model.id;
    entry["role"] = model.role;
    if (!model.form.empty()) entry["form"] = model.form;
    if (!model.parent.empty()) entry["parent"] = model.parent;
    if (!model.weights.empty()) entry["weights"] = model.weights;
    if (!model.predictions.empty()) entry["predictions"] = model.predictions;
    json["models"].push_back(std::move(entry));
  }
  json["steps"] = OrderedJson::array();
  std::vector<const OrderedJson*> all;
  std::map<std::string, std::vector<const OrderedJson*>> by_kind;
  for (const Step& step : context.plan.steps) {
    const auto found = journal.steps.find(step.id);
    const StepEntry entry = found == journal.steps.end() ? StepEntry() : found->second;
    json["steps"].push_back(json_of(step, entry, context));
    if (found == journal.steps.end() || found->second.attempts.empty()) continue;
    all.push_back(&found->second.attempts);
    by_kind[step.kind].push_back(&found->second.attempts);
  }
  // Steps that the configuration no longer has: what they used is not forgotten.
  for (const auto& [id, entry] : journal.steps) {
    const bool planned = std::any_of(context.plan.steps.begin(), context.plan.steps.end(),
                                     [&wanted = id](const Step& step) { return step.id == wanted; });
    if (planned || entry.attempts.empty()) continue;
    Step former;
    former.id = id;
    former.kind = "former";
    json["former_steps"].push_back(json_of(former, entry, context));
    all.push_back(&entry.attempts);
    by_kind[former.kind].push_back(&entry.attempts);
  }
  if (!journal.prediction.is_null()) json["prediction"] = journal.prediction;
  json["totals"] = totals_of(all);
  json["totals"]["by_kind"] = OrderedJson::object();
  for (const auto& [kind, attempts] : by_kind) json["totals"]["by_kind"][kind] = totals_of(attempts);
  return json;
}

Status write_journal(const Journal& journal, const JournalContext& context) {
  return write_file_atomically(fs::path(context.directory) / kJournalFileName,
                               dump_json(to_json(journal, context), 1) + "\n");
}

}  // namespace coppice::lifecycle
