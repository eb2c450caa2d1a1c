#include "native/lifecycle/lifecycle.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>

#include "native/energy/tracker.h"
#include "native/export/run_recorder.h"
#include "native/io/file.h"
#include "native/lifecycle/child.h"
#include "native/lifecycle/dense.h"
#include "native/lifecycle/forecast.h"
#include "native/lifecycle/inputs.h"
#include "native/lifecycle/probe.h"
#include "native/lifecycle/records_of.h"
#include "native/lifecycle/reviews.h"
#include "native/tune/folder_lock.h"
#include "native/tune/runner.h"

namespace coppice::lifecycle {
namespace {

namespace fs = std::filesystem;

constexpr int kInterruptedCode = 130;

energy::PlaceQuery place_of(const Config& config) {
  energy::PlaceQuery place;
  for (size_t i = 0; i + 1 < config.place.size(); i += 2) {
    const std::string& value = config.place[i + 1];
    if (config.place[i] == "--country") place.country = value;
    if (config.place[i] == "--region") place.region = value;
    if (config.place[i] == "--cloud") place.cloud_provider = value;
    if (config.place[i] == "--cloud-region") place.cloud_region = value;
    if (config.place[i] == "--intensity") place.forced = energy::GramsPerKwh(std::strtod(value.c_str(), nullptr));
  }
  return place;
}

enum class Would { kRun, kSkip, kUnavailable };

const char* to_string(Would would) {
  return would == Would::kRun ? "run" : would == Would::kSkip ? "skip" : "unavailable";
}

struct Decision {
  Would would = Would::kRun;
  std::string reason;
  bool same_inputs = false;  // as the last attempt's
  Inputs inputs;
};

class Cycle {
 public:
  Cycle(const LifecycleOptions& options, const LifecycleEvents& events)
      : options_(options), config_(options.config), events_(events), directory_(options.directory) {}

  Result<LifecycleOutcome> run() {
    std::error_code error;
    fs::create_directories(directory_, error);
    if (error) return failed("cannot make " + directory_ + ": " + error.message());
    COPPICE_ASSIGN_OR_RETURN(std::optional<tune::FolderLock> lock, tune::FolderLock::try_take(directory_));
    if (!lock) {
      note("another call, or a step that outlived one, works in " + directory_ + "; waiting for its end");
      COPPICE_ASSIGN_OR_RETURN(tune::FolderLock waited, tune::FolderLock::take(directory_));
      lock.emplace(std::move(waited));
    }
    COPPICE_RETURN_IF_ERROR(open());
    journal_.outcome = "running";
    journal_.error.clear();
    for (auto& [id, entry] : journal_.steps) entry.skipped = false;
    COPPICE_RETURN_IF_ERROR(write());
    RunRecorder recorder("lifecycle", options_.command);
    energy::TrackerOptions tracker_options;
    tracker_options.place = place_of(config_);
    COPPICE_ASSIGN_OR_RETURN(const auto tracker, energy::EnergyTracker::start(tracker_options));
    Status status = run_steps();
    const energy::EnergyReport energy = tracker->finish();
    if (status.ok()) conclude();
    status = close(status);
    COPPICE_RETURN_IF_ERROR(keep_own_record(recorder, energy, status));
    COPPICE_RETURN_IF_ERROR(status);
    LifecycleOutcome outcome;
    outcome.document = to_json(journal_, context());
    outcome.failed = failed_;
    return outcome;
  }

  Result<OrderedJson> dry_run() {
    COPPICE_RETURN_IF_ERROR(open());
    OrderedJson steps = OrderedJson::array();
    std::set<std::string> made;  // what steps that would run leave
    for (const Step& step : plan_.steps) {
      COPPICE_ASSIGN_OR_RETURN(Decision decision, decide(step));
      const std::string before = maker_of_input(step, made);
      if (!before.empty() && decision.would != Would::kUnavailable) {
        const bool would_skip = decision.would == Would::kSkip;
        decision.would = Would::kRun;
        if (would_skip) decision.reason = "if " + before + " comes out otherwise than before";
        if (!decision.inputs.missing.empty()) decision.reason = "not run yet";
      }
      if (decision.would == Would::kRun) {
        for (const std::string& path : step.outputs) made.insert(path);
        if (step.outputs.empty()) made.insert(step.id);
      }
      OrderedJson json;
      json["id"] = step.id;
      json["kind"] = step.kind;
      json["what"] = step.what;
      json["would"] = to_string(decision.would);
      json["reason"] = decision.reason;
      if (!step.command.empty()) json["command"] = step.command;
      if (rates_) {
        if (const auto prediction = predict(step.work, *rates_)) json["predicted"] = to_json(*prediction);
      }
      steps.push_back(std::move(json));
    }
    return steps;
  }

 private:
  [[nodiscard]] JournalContext context() const { return {config_, plan_, directory_, options_.command}; }
  void note(const std::string& line) const {
    if (events_.note) events_.note(line);
  }
  Status write() const { return write_journal(journal_, context()); }

  // The journal, the base model and data as far as they are known, and the plan made of them.
  Status open() {
    COPPICE_ASSIGN_OR_RETURN(journal_, read_journal(directory_));
    if (journal_.prediction.is_object() && journal_.prediction.contains("rates")) {
      COPPICE_ASSIGN_OR_RETURN(
          rates_, parse_rates(Json(journal_.prediction["rates"]), directory_ + "/lifecycle.json: prediction: rates"));
    }
    COPPICE_ASSIGN_OR_RETURN(base_, base_path(config_, directory_));
    // What stood in for a base model that could not be fetched stays, so that the models do not change under way.
    if (has_other_base()) base_ = config_.base.otherwise;
    replan();
    return {};
  }

  bool has_other_base() const {
    return journal_.base.is_object() && journal_.base.value("otherwise", false) && !config_.base.otherwise.empty();
  }

  void replan() {
    plan_ =
        make_plan(config_, directory_, base_, data_path(config_, directory_), options_.tools, sizes_of(journal_.data));
  }

  // A step whose output this one reads, among those that would run; "" if none.
  std::string maker_of_input(const Step& step, const std::set<std::string>& made) const {
    for (const Step& other : plan_.steps) {
      if (other.id == step.id) break;
      for (const std::string& output : other.outputs) {
        if (made.count(output) == 0) continue;
        const auto reads = [&](const std::string& path) { return output == path || output.rfind(path + "/", 0) == 0; };
        const bool any = std::any_of(step.input_models.begin(), step.input_models.end(), reads) ||
                         std::any_of(step.input_files.begin(), step.input_files.end(), reads) ||
                         (!step.input_data.empty() && reads(step.input_data));
        if (any) return other.id;
      }
    }
    return "";
  }

  Result<Decision> decide(const Step& step) {
    Decision decision;
    if (!step.unavailable.empty()) {
      decision.would = Would::kUnavailable;
      decision.reason = step.unavailable;
      return decision;
    }
    COPPICE_ASSIGN_OR_RETURN(decision.inputs, inputs_of(step, directory_, hashes_));
    const auto found = journal_.steps.find(step.id);
    if (found == journal_.steps.end()) {
      decision.reason = "not run yet";
      return decision;
    }
    const StepEntry& entry = found->second;
    decision.same_inputs = !decision.inputs.hash.empty() && entry.inputs_hash == decision.inputs.hash;
    if (step.kind == "base" && has_other_base()) {
      decision.would = Would::kSkip;
      decision.reason = journal_.base.value("note", std::string());
      return decision;
    }
    switch (entry.state) {
      case StepState::kNotRun:
      case StepState::kUnavailable:
        decision.reason = "not run yet";
        return decision;
      case StepState::kRunning:
        decision.reason = "was under way when the life cycle was ended";
        return decision;
      case StepState::kFailed:
        decision.reason = "failed before";
        return decision;
      case StepState::kInterrupted:
        decision.reason = "was interrupted";
        return decision;
      case StepState::kFinished:
        break;
    }
    if (!decision.same_inputs) {
      decision.reason = decision.inputs.missing.empty() ? "its inputs changed: " + difference(entry, decision.inputs)
                                                        : "its input " + decision.inputs.missing + " is gone";
      return decision;
    }
    COPPICE_ASSIGN_OR_RETURN(const Hashes now, outputs_of(step, directory_, hashes_));
    if (const std::string changed = changed_output(step, entry.outputs, now, directory_); !changed.empty()) {
      decision.reason = "its result " + changed;
      return decision;
    }
    const bool lost = (step.kind == "probe" && !rates_) || (step.id == "data" && !sizes_of(journal_.data));
    if (lost) {
      decision.reason = "its result is not in lifecycle.json";
      return decision;
    }
    decision.would = Would::kSkip;
    decision.reason = "done, inputs and results unchanged";
    return decision;
  }

  Status run_steps() {
    bool told = false;
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      if (tune::stop_is_pending()) return interrupted("stopped before " + plan_.steps[i].id);
      const Step step = plan_.steps[i];  // the plan is made anew when more is known
      const bool before_the_plan = step.kind == "data" || step.kind == "base" || step.kind == "probe";
      if (!before_the_plan && !told) {
        told = true;
        COPPICE_RETURN_IF_ERROR(tell_plan());
      }
      COPPICE_ASSIGN_OR_RETURN(Decision decision, decide(step));
      StepEntry& entry = journal_.steps[step.id];
      entry.reason = decision.reason;
      if (decision.would == Would::kUnavailable) {
        entry.state = StepState::kUnavailable;
        note(step.id + ": not done: " + decision.reason);
      } else if (decision.would == Would::kSkip) {
        entry.skipped = true;
        note(step.id + ": skipped, " + decision.reason);
      } else {
        Status status = execute(step, decision);
        if (!status.ok() && status.code() == StatusCode::kInterrupted) return status;
        if (!status.ok() && step.kind == "base" && !config_.base.otherwise.empty()) status = take_other_base(status);
        if (!status.ok()) {
          const std::string message = step.id + ": " + status.message();
          if (!step.may_fail) return {status.code() == StatusCode::kOk ? StatusCode::kFailed : status.code(), message};
          note(message + "; the others go on");
          failed_.push_back(step.id);
        }
      }
      if (step.kind == "base" || step.id == "data" || step.kind == "probe") {
        if (step.id == "data") COPPICE_RETURN_IF_ERROR(describe_base());
        replan();
      }
      COPPICE_RETURN_IF_ERROR(write());
      if (stop_after_) return interrupted("stopped after " + step.id);
    }
    return {};
  }

  Status take_other_base(const Status& why) {
    base_ = config_.base.otherwise;
    journal_.base = OrderedJson::object();
    journal_.base["otherwise"] = true;
    journal_.base["note"] = config_.base.fetch + " could not be fetched (" + why.message() + "); " + base_ +
                            " stands in for it, as the configuration says";
    note(journal_.base["note"].get<std::string>());
    return {};
  }

  Status describe_base() {
    OrderedJson json = OrderedJson::object();
    json["id"] = fs::path(base_).filename().string();
    json["path"] = shown_path(base_, directory_);
    std::error_code error;
    for (const char* name : {"model.safetensors", "onnx/model.onnx"}) {
      if (json.contains("weights_sha256") || !fs::exists(fs::path(base_) / name, error)) continue;
      COPPICE_ASSIGN_OR_RETURN(json["weights_sha256"], hashes_.of(base_ + "/" + name));
    }
    if (!json.contains("weights_sha256")) {
      return not_found(base_ +
                       ": holds neither model.safetensors nor onnx/model.onnx; expected a model folder to train from");
    }
    const bool otherwise = journal_.base.is_object() && journal_.base.value("otherwise", false);
    if (otherwise) json["otherwise"] = true;
    // A folder with training runs has been taught reviews before: what comes of it is no fine-tuning from a general
    // model.
    bool trained = false;
    if (const Result<std::vector<StoredRun>> runs = read_run_records(base_)) {
      trained =
          std::any_of(runs->begin(), runs->end(), [](const StoredRun& run) { return run.record.kind == "train"; });
    }
    json["fine_tuned"] = trained;
    std::string text = otherwise ? journal_.base["note"].get<std::string>() : std::string();
    if (trained) {
      text.append(text.empty() ? "" : ". ");
      text.append(
          "It was fine-tuned on reviews before (its runs/ say how); the baseline here goes on from there, and its "
          "figures are not those of a fine-tuning from a general model");
      note("base model " + base_ + ": " + text);
    }
    if (!text.empty()) json["note"] = text;
    journal_.base = std::move(json);
    return {};
  }

  Status execute(const Step& step, const Decision& decision) {
    StepEntry& entry = journal_.steps[step.id];
    if (!decision.inputs.missing.empty()) {
      entry.state = StepState::kFailed;
      entry.reason = decision.inputs.missing + " is not there";
      return failed(entry.reason + ", and this step reads it");
    }
    COPPICE_RETURN_IF_ERROR(collect(step, entry));  // what an attempt that was killed left
    if (!decision.same_inputs) {
      entry.superseded.insert(entry.superseded.end(), entry.records.begin(), entry.records.end());
      entry.records.clear();
    }
    std::error_code error;
    const bool resume = decision.same_inputs && !step.checkpoint.empty() && fs::exists(step.checkpoint, error);
    const bool keep = resume || (step.goes_on_itself && decision.same_inputs);
    if (!keep) {
      for (const std::string& path : step.owned) {
        fs::remove_all(path, error);
        if (error) return failed("cannot remove " + path + ": " + error.message());
      }
    }
    entry.state = StepState::kRunning;
    entry.inputs_hash = decision.inputs.hash;
    entry.inputs = decision.inputs.files;
    entry.outputs.clear();
    entry.attempts.push_back({{"started_at", utc_now()}});
    if (resume) entry.attempts.back()["resumed"] = true;
    COPPICE_RETURN_IF_ERROR(write());
    const OrderedJson& predicted = entry.predicted;
    std::string line =
        step.id + ": " + step.what + (resume ? ", from its checkpoint" : "") + " (" + decision.reason + ")";
    if (predicted.is_object()) line += ", " + predicted_text(predicted) + " predicted";
    note(line);
    // Commands make folders of their own, but not those of single files.
    for (const std::string& path : step.outputs) {
      const bool single = std::find(step.owned.begin(), step.owned.end(), path) != step.owned.end();
      if (single) fs::create_directories(fs::path(path).parent_path(), error);
    }

    const Status status = step.command.empty() ? in_process(step, entry) : as_child(step, entry, resume);
    COPPICE_RETURN_IF_ERROR(collect(step, entry));
    if (status.ok()) {
      COPPICE_ASSIGN_OR_RETURN(entry.outputs, outputs_of(step, directory_, hashes_));
      if (entry.outputs.size() != step.outputs.size()) {
        const std::string gone = changed_output(step, entry.outputs, entry.outputs, directory_);
        entry.state = StepState::kFailed;
        entry.attempts.back()["error"] = "ended well, but " + gone;
        COPPICE_RETURN_IF_ERROR(write());
        return failed("ended well, but " + gone);
      }
      entry.state = StepState::kFinished;
      note(step.id + ": " + result_text(entry));
    } else {
      entry.state = status.code() == StatusCode::kInterrupted ? StepState::kInterrupted : StepState::kFailed;
      entry.attempts.back()["error"] = status.message();
    }
    COPPICE_RETURN_IF_ERROR(write());
    return status;
  }

  Status collect(const Step& step, StepEntry& entry) {
    std::vector<std::string> problems;
    COPPICE_ASSIGN_OR_RETURN(const std::vector<std::string> found, collect_records(step, directory_, problems));
    entry.records.insert(entry.records.end(), found.begin(), found.end());
    for (const std::string& problem : problems) note(step.id + ": a record was set apart: " + problem);
    return {};
  }

  void keep_reading(OrderedJson& attempt, double seconds, double cpu_seconds, const OrderedJson& energy) const {
    attempt["duration_seconds"] = seconds;
    attempt["cpu_time_seconds"] = cpu_seconds;
    if (energy.is_object()) attempt["energy"] = energy;
  }

  Status as_child(const Step& step, StepEntry& entry, bool resume) {
    ChildOptions child;
    child.command = step.command;
    if (child.command.front() == "coppice") child.command.front() = options_.tools.coppice;
    if (resume) child.command.emplace_back("--resume");
    child.log = directory_ + "/logs/" + step.id + ".log";
    child.stdout_path = step.stdout_path;
    child.place = place_of(config_);
    if (events_.progress) child.on_line = [&](const std::string& line) { events_.progress(step.id, line); };
    std::vector<std::string> words = step.command;
    RunRecorder recorder("track", words);
    COPPICE_ASSIGN_OR_RETURN(const ChildResult result, run_child(child));
    OrderedJson& attempt = entry.attempts.back();
    keep_reading(attempt, result.seconds, result.cpu_seconds, result.energy);
    attempt["exit_code"] = result.exit_code;
    Status status;
    if (result.exit_code != 0) {
      const bool stopped = result.exit_code == kInterruptedCode || result.asked_to_stop;
      status = stopped ? interrupted("stopped in " + step.id)
                       : failed(result.error + " (" + child.log + " has all it said)");
    }
    // Commands that leave no record of their own have one made for them.
    const bool has_own = !step.record_folders.empty() && step.kind != "serving";
    if (!has_own)
      COPPICE_RETURN_IF_ERROR(keep_track_record(step, recorder, result.exit_code, result.energy, status, entry));
    if (status.ok() && result.asked_to_stop) stop_after_ = true;
    return status;
  }

  Status keep_track_record(const Step& step, RunRecorder& recorder, int exit_code, const OrderedJson& energy,
                           const Status& status, StepEntry& entry) {
    records::RunRecord& record = recorder.record();
    record.settings["scope"] = "process";
    record.settings["lifecycle_step"] = step.id;
    record.results["exit_code"] = exit_code;
    if (energy.is_object()) record.energy = Json(energy);
    COPPICE_ASSIGN_OR_RETURN(const std::string path, keep_record(directory_, recorder.finish(status)));
    entry.records.push_back(path);
    return {};
  }

  // data, probe, choose: their energy is this process's and its children's.
  Status in_process(const Step& step, StepEntry& entry) {
    RunRecorder recorder("track", {"coppice", "lifecycle", "step", step.id});
    energy::TrackerOptions tracker_options;
    tracker_options.place = place_of(config_);
    COPPICE_ASSIGN_OR_RETURN(const auto tracker, energy::EnergyTracker::start(tracker_options));
    const Status status = do_step(step, entry);
    const energy::EnergyReport report = tracker->finish();
    const OrderedJson energy = report.total.energy ? energy::to_json(report) : OrderedJson();
    keep_reading(entry.attempts.back(), report.total.duration.value(), report.total.cpu_time.value(), energy);
    const int code = status.ok() ? 0 : status.code() == StatusCode::kInterrupted ? kInterruptedCode : 1;
    entry.attempts.back()["exit_code"] = code;
    COPPICE_RETURN_IF_ERROR(keep_track_record(step, recorder, code, energy, status, entry));
    return status;
  }

  Status do_step(const Step& step, StepEntry& entry) {
    if (step.id == "data") {
      COPPICE_ASSIGN_OR_RETURN(journal_.data,
                               count_reviews(config_, data_path(config_, directory_), base_, directory_));
      return {};
    }
    if (step.kind == "probe") {
      const std::optional<DataSizes> sizes = sizes_of(journal_.data);
      if (!sizes) return failed("the reviews have not been counted");
      const Tools& tools = options_.tools;
      ProbeOptions probe{directory_,
                         base_,
                         data_path(config_, directory_),
                         tools.coppice,
                         tools.node,
                         tools.node_missing.empty() ? tools.browser_missing : tools.node_missing,
                         *sizes,
                         place_of(config_),
                         {}};
      if (events_.progress) probe.on_line = [&](const std::string& line) { events_.progress(step.id, line); };
      COPPICE_ASSIGN_OR_RETURN(rates_, run_probe(config_, probe));
      return {};
    }
    COPPICE_ASSIGN_OR_RETURN(
        const std::string why,
        choose_dense(directory_ + "/models/baseline", directory_ + "/sweep/best", directory_ + "/models/dense"));
    entry.attempts.back()["chosen"] = why;
    note("dense: " + why);
    return {};
  }

  // Predictions for all that comes after the probe, kept from the first call on: what was said before is what the
  // result is held against, unless the probe ran anew.
  Status tell_plan() {
    if (!rates_) return failed("the probe left no rates");
    const bool fresh = !journal_.prediction.is_object() || journal_.steps["probe"].skipped == false;
    std::vector<Decision> decisions;
    for (const Step& step : plan_.steps) {
      COPPICE_ASSIGN_OR_RETURN(Decision decision, decide(step));
      StepEntry& entry = journal_.steps[step.id];
      // What was said of a step before it ran stays; new or other work is predicted anew.
      const bool other_work = decision.would == Would::kRun && !decision.same_inputs;
      if (fresh || other_work || !entry.predicted.is_object()) {
        entry.predicted = OrderedJson();
        if (const auto prediction = predict(step.work, *rates_)) entry.predicted = to_json(*prediction);
      }
      decisions.push_back(std::move(decision));
    }
    OrderedJson prediction = forecast_of(plan_, journal_);
    prediction["made_at"] = fresh ? utc_now() : journal_.prediction.value("made_at", utc_now());
    prediction["from"] = "probe";
    prediction["rates"] = to_json(*rates_);
    journal_.prediction = std::move(prediction);
    COPPICE_RETURN_IF_ERROR(write());
    OrderedJson steps = OrderedJson::array();
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      const Step& step = plan_.steps[i];
      OrderedJson json;
      json["id"] = step.id;
      json["would"] = to_string(decisions[i].would);
      json["reason"] = decisions[i].reason;
      if (const OrderedJson& predicted = journal_.steps[step.id].predicted; predicted.is_object()) {
        json["predicted"] = predicted;
      }
      steps.push_back(std::move(json));
    }
    note("the plan:\n" + plan_table(steps, journal_.prediction));
    return {};
  }

  void conclude() {
    if (!journal_.prediction.is_object()) return;
    journal_.prediction["result"] = forecast_result(plan_, journal_);
  }

  Status close(const Status& status) {
    if (status.ok()) {
      journal_.outcome = "finished";
    } else {
      journal_.outcome = status.code() == StatusCode::kInterrupted ? "interrupted" : "failed";
      journal_.error = status.message();
    }
    const Status written = write();
    if (!written.ok() && status.ok()) return written;
    return status.ok() ? Status() : Status(status.code(), status.message() + "; the same command goes on");
  }

  // Of this call as a whole: the sum of what it started, and its own work. In no sum with the steps' records.
  Status keep_own_record(RunRecorder& recorder, const energy::EnergyReport& energy, const Status& status) {
    records::RunRecord& record = recorder.record();
    record.inputs["config_sha256"] = config_.sha256;
    record.settings["name"] = config_.name;
    record.settings["lifecycle_run_id"] = journal_.run_id;
    Json steps = Json::array();
    for (const Step& step : plan_.steps) {
      const auto entry = journal_.steps.find(step.id);
      if (entry == journal_.steps.end() || entry->second.skipped || entry->second.attempts.empty()) continue;
      steps.push_back(step.id);
    }
    record.results["steps_run"] = steps;
    if (energy.total.energy) record.energy = Json(energy::to_json(energy));
    return keep_record(directory_, recorder.finish(status)).status();
  }

  const LifecycleOptions& options_;
  const Config& config_;
  const LifecycleEvents& events_;
  const std::string directory_;
  Journal journal_;
  Plan plan_;
  std::string base_;
  std::optional<Rates> rates_;
  FileHashes hashes_;
  std::vector<std::string> failed_;
  bool stop_after_ = false;
};

}  // namespace

Result<LifecycleOutcome> run_lifecycle(const LifecycleOptions& options, const LifecycleEvents& events) {
  return Cycle(options, events).run();
}

Result<OrderedJson> dry_run(const LifecycleOptions& options) {
  const LifecycleEvents events;
  return Cycle(options, events).dry_run();
}

}  // namespace coppice::lifecycle
