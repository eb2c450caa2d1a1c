#include "native/tune/tune.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "native/data/dataset.h"
#include "native/io/file.h"
#include "native/tune/best_model.h"

namespace coppice::tune {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr double kPollSeconds = 2;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The weights that every trial starts from.
Result<std::string> hash_of_weights(const fs::path& base) {
  std::error_code error;
  if (!fs::is_directory(base, error)) return not_found(base.string() + ": no such model folder");
  for (const char* name : {"model.safetensors", "onnx/model.onnx"}) {
    if (fs::exists(base / name, error)) return sha256_file_hex(base / name);
  }
  return not_found(base.string() + ": holds neither model.safetensors nor onnx/model.onnx");
}

// Which trials of a survey are this shard's: dealt out in turn within each rung.
std::vector<bool> own_trials(const Survey& survey, const Shard& shard) {
  std::vector<bool> own;
  int64_t position = 0;
  for (size_t i = 0; i < survey.trials.size(); ++i) {
    if (i > 0 && survey.trials[i].trial.rung != survey.trials[i - 1].trial.rung) position = 0;
    own.push_back(shard.owns(position++));
  }
  return own;
}

// The sweep's folder: new, or of this very sweep. A longer list of candidates that is there stays.
Status open_output(const TuneOptions& options, Plan& plan) {
  std::error_code error;
  const fs::path file = options.output / kSweepFileName;
  if (fs::exists(file, error)) {
    COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(file));
    COPPICE_ASSIGN_OR_RETURN(Plan there, parse_plan(bytes, file.string()));
    if (there.id != plan.id) {
      return invalid_usage(options.output.string() + " holds another sweep (" + there.id +
                           "): method, space, seed, base model and training options must be the same to go on with " +
                           "it; choose another --output");
    }
    if (there.candidates.size() > plan.candidates.size()) plan.candidates = std::move(there.candidates);
    return {};
  }
  if (options.must_exist) return not_found(file.string() + ": no sweep to resume");
  if (fs::exists(options.output, error)) {
    if (!fs::is_directory(options.output, error)) {
      return invalid_usage("--output " + options.output.string() + " is a file; expected a folder");
    }
    for (const auto& entry : fs::directory_iterator(options.output, error)) {
      if (entry.path().filename().string().front() == '.') continue;
      return invalid_usage("--output " + options.output.string() +
                           " is no sweep's folder and not empty; choose a new one");
    }
  }
  return {};
}

Result<Plan> prepare(const TuneOptions& options) {
  PlanOptions plan = options.plan;
  std::error_code error;
  plan.base_name = fs::weakly_canonical(options.runner.base, error).filename().string();
  plan.prune_first = options.runner.prune_first;
  plan.train_arguments = options.runner.train_arguments;
  COPPICE_ASSIGN_OR_RETURN(plan.base_weights_sha256, hash_of_weights(options.runner.base));
  if (!fs::exists(options.runner.data, error)) return not_found("--data " + options.runner.data + ": no such data");
  if (plan.method == Method::kHalving) {
    COPPICE_ASSIGN_OR_RETURN(const auto reviews, data::read_reviews(options.runner.data, data::Split::kTrain));
    const auto available = static_cast<int64_t>(reviews.size());
    plan.most_reviews = plan.most_reviews > 0 ? std::min(plan.most_reviews, available) : available;
  } else if (plan.most_reviews > 0) {
    plan.train_arguments.insert(plan.train_arguments.end(), {"--train-limit", std::to_string(plan.most_reviews)});
  }
  COPPICE_ASSIGN_OR_RETURN(Plan made, make_plan(plan));
  COPPICE_RETURN_IF_ERROR(open_output(options, made));
  return made;
}

class Sweep {
 public:
  Sweep(const TuneOptions& options, Plan plan, const TuneEvents& events)
      : options_(options), plan_(std::move(plan)), events_(events), runner_(options.runner) {
    runner_.sweep_id = plan_.id;
    runner_.train_arguments = plan_.settings["train_arguments"].get<std::vector<std::string>>();
  }

  Result<TuneOutcome> run() {
    std::error_code error;
    fs::create_directories(options_.output / "trials", error);
    if (error) return failed("cannot make " + options_.output.string() + ": " + error.message());
    COPPICE_RETURN_IF_ERROR(look());
    for (;;) {
      const std::optional<size_t> next = next_own();
      if (!next) {
        if (survey_.complete || plan_.rungs.empty() || hit_trial_limit_) break;
        COPPICE_ASSIGN_OR_RETURN(const bool more, wait_for_others());
        if (!more) break;
        continue;
      }
      COPPICE_RETURN_IF_ERROR(check_budgets());
      if (!stopped_.empty()) break;
      COPPICE_RETURN_IF_ERROR(run_trial(survey_.trials[*next].trial));
      if (!stopped_.empty()) break;
    }
    return conclude();
  }

 private:
  fs::path folder_of(const Trial& trial) const { return options_.output / "trials" / trial.id(); }

  // Reads the records anew and states them in sweep.json.
  Status look() {
    COPPICE_ASSIGN_OR_RETURN(survey_, survey(plan_, options_.output));
    own_ = own_trials(survey_, options_.shard);
    return write_sweep(options_.output, sweep_json(plan_, survey_, stopped_));
  }

  std::optional<size_t> next_own() {
    hit_trial_limit_ = false;
    const auto& last_rung = survey_.trials.back().trial.rung;
    for (size_t i = 0; i < survey_.trials.size(); ++i) {
      const RankedTrial& entry = survey_.trials[i];
      if (!own_[i] || entry.result.state == TrialState::kFinished) continue;
      if (entry.result.state == TrialState::kFailed) {
        // Who went on from an earlier rung has been decided already.
        const bool retry =
            options_.retry_failed && entry.trial.rung == last_rung && tried_.count(entry.trial.id()) == 0;
        if (!retry) continue;
      }
      const size_t limit = plan_.rungs.empty() ? options_.plan.trials : 0;
      if (limit > 0 && static_cast<size_t>(entry.trial.candidate) >= limit) {
        hit_trial_limit_ = true;
        continue;
      }
      return i;
    }
    return std::nullopt;
  }

  // Joules of this shard's trials, whichever call ran them.
  Result<double> joules_spent() const {
    double spent = 0;
    for (size_t i = 0; i < survey_.trials.size(); ++i) {
      const TrialResult& result = survey_.trials[i].result;
      if (!own_[i] || result.attempts == 0) continue;
      if (!result.runs_without_energy.empty() || (!result.energy && result.state == TrialState::kFinished)) {
        return failed("--energy-budget cannot be kept: trial " + survey_.trials[i].trial.id() +
                      " left a run record without an energy figure; use --time-budget");
      }
      if (result.energy) spent += result.energy->value.value();
    }
    return spent;
  }

  bool time_is_up() const {
    return options_.time_budget_seconds && seconds_since(start_) >= *options_.time_budget_seconds;
  }

  Status check_budgets() {
    if (stop_is_pending()) {
      interrupted_ = true;
      stopped_ = "interrupted";
    } else if (time_is_up()) {
      stopped_ = "the time budget of " + number_text(*options_.time_budget_seconds) + " s is used up";
    } else if (options_.energy_budget_joules) {
      COPPICE_ASSIGN_OR_RETURN(const double spent, joules_spent());
      energy_left_ = *options_.energy_budget_joules - spent;
      if (*energy_left_ <= 0) {
        stopped_ = "the energy budget of " + number_text(*options_.energy_budget_joules) + " J is used up (" +
                   std::to_string(std::llround(spent)) + " J)";
      }
    }
    return {};
  }

  // A copy: the survey it comes from is read anew below.
  Status run_trial(const Trial trial) {
    note("trial " + trial.id() + " of " + std::to_string(plan_.candidates.size()) + " candidates" +
         (trial.reviews ? ", on " + std::to_string(*trial.reviews) + " reviews: " : ": ") +
         dump_json(to_json(trial.parameters)));
    tried_.insert(trial.id());
    AttemptLimits limits;
    limits.energy_joules = energy_left_;
    limits.should_stop = [this] { return time_is_up(); };
    limits.on_line = [this, id = trial.id()](const std::string& line) {
      if (events_.progress) events_.progress(id, line);
    };
    COPPICE_ASSIGN_OR_RETURN(const AttemptEnd end, run_attempt(runner_, trial, folder_of(trial), limits));
    COPPICE_RETURN_IF_ERROR(look());
    if (end.state == TrialState::kFailed) {
      note("trial " + trial.id() + " failed: " + result_of(trial).error + "; the sweep goes on");
    } else if (end.state == TrialState::kFinished) {
      note("trial " + trial.id() + ": validation accuracy " + number_text(result_of(trial).accuracy.value));
    }
    if (end.asked_to_stop || end.state == TrialState::kInterrupted) {
      if (!end.asked_to_stop) COPPICE_RETURN_IF_ERROR(check_budgets());
      if (stopped_.empty()) {
        interrupted_ = true;
        stopped_ = "interrupted";
      }
    }
    return options_.keep_models ? Status() : delete_losers();
  }

  const TrialResult& result_of(const Trial& trial) const {
    for (const RankedTrial& entry : survey_.trials) {
      if (entry.trial.id() == trial.id()) return entry.result;
    }
    static const TrialResult kNone;
    return kNone;
  }

  // Of this shard's models only that of its best trial so far is kept; other shards look after theirs.
  Status delete_losers() const {
    const RankedTrial* leader = nullptr;
    for (size_t i = 0; i < survey_.trials.size(); ++i) {
      const RankedTrial& entry = survey_.trials[i];
      if (!own_[i] || entry.result.state != TrialState::kFinished) continue;
      const bool leads = leader == nullptr || leader->trial.rung != entry.trial.rung ||
                         better(entry.trial, entry.result, leader->trial, leader->result);
      if (leads) leader = &entry;
    }
    for (size_t i = 0; i < survey_.trials.size(); ++i) {
      const RankedTrial& entry = survey_.trials[i];
      const bool over = entry.result.state == TrialState::kFinished || entry.result.state == TrialState::kFailed;
      if (own_[i] && over && &entry != leader) COPPICE_RETURN_IF_ERROR(delete_model(folder_of(entry.trial)));
    }
    return {};
  }

  // True once the others' trials of the rung have ended.
  Result<bool> wait_for_others() {
    const Clock::time_point start = Clock::now();
    const auto waiting = [this] {
      std::string ids;
      for (const size_t i : survey_.open) ids += " " + survey_.trials[i].trial.id();
      return ids;
    };
    note("waiting for trials of other shards:" + waiting());
    const int64_t rung = survey_.trials.back().trial.rung.value_or(0);
    while (seconds_since(start) < options_.wait_seconds) {
      std::this_thread::sleep_for(std::chrono::duration<double>(kPollSeconds));
      if (stop_is_pending()) {
        interrupted_ = true;
        stopped_ = "interrupted";
        return false;
      }
      COPPICE_RETURN_IF_ERROR(look());
      if (survey_.complete || survey_.trials.back().trial.rung.value_or(0) != rung) return true;
      if (time_is_up()) break;
    }
    for (const size_t i : survey_.open) waiting_for_.push_back(survey_.trials[i].trial.id());
    return false;
  }

  Result<TuneOutcome> conclude() {
    if (stopped_.empty() && hit_trial_limit_) {
      stopped_ = "--trials " + std::to_string(options_.plan.trials) + " of " + std::to_string(plan_.candidates.size()) +
                 " candidates";
    }
    COPPICE_RETURN_IF_ERROR(look());
    // With several shards only the one that finds every trial ended knows the winner.
    if (survey_.winner && (survey_.complete || options_.shard.count == 1)) {
      const RankedTrial& winner = survey_.trials[*survey_.winner];
      COPPICE_RETURN_IF_ERROR(keep_best(winner, {folder_of(winner.trial)}, options_.output));
      if (!options_.keep_models) {
        COPPICE_RETURN_IF_ERROR(delete_losers());
        COPPICE_RETURN_IF_ERROR(delete_model(folder_of(winner.trial)));
      }
    }
    TuneOutcome outcome;
    outcome.sweep = sweep_json(plan_, survey_, stopped_);
    outcome.waiting_for = waiting_for_;
    outcome.interrupted = interrupted_ || (!stopped_.empty() && !survey_.winner);
    return outcome;
  }

  void note(const std::string& line) const {
    if (events_.note) events_.note(line);
  }

  const TuneOptions& options_;
  Plan plan_;
  const TuneEvents& events_;
  RunnerOptions runner_;
  Clock::time_point start_ = Clock::now();
  Survey survey_;
  std::vector<bool> own_;
  std::set<std::string> tried_;
  std::optional<double> energy_left_;
  bool hit_trial_limit_ = false;
  bool interrupted_ = false;
  std::string stopped_;
  std::vector<std::string> waiting_for_;
};

}  // namespace

Result<TuneOutcome> run_sweep(const TuneOptions& options, const TuneEvents& events) {
  COPPICE_ASSIGN_OR_RETURN(Plan plan, prepare(options));
  return Sweep(options, std::move(plan), events).run();
}

Result<DryRun> dry_run(const TuneOptions& options) {
  DryRun result;
  COPPICE_ASSIGN_OR_RETURN(result.plan, prepare(options));
  COPPICE_ASSIGN_OR_RETURN(const Survey known, survey(result.plan, options.output));
  const std::vector<bool> own = own_trials(known, options.shard);
  RunnerOptions runner = options.runner;
  runner.train_arguments = result.plan.settings["train_arguments"].get<std::vector<std::string>>();
  for (size_t i = 0; i < known.trials.size(); ++i) {
    const Trial& trial = known.trials[i].trial;
    result.trials.push_back(
        {known.trials[i], own[i],
         train_command(runner, trial, options.output / "trials" / trial.id(), /*resume=*/false, std::nullopt)});
  }
  return result;
}

}  // namespace coppice::tune
