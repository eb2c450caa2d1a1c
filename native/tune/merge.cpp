#include <set>

#include "native/io/file.h"
#include "native/tune/best_model.h"
#include "native/tune/tune.h"

namespace coppice::tune {
namespace {

namespace fs = std::filesystem;

Result<Plan> plan_of(const fs::path& folder) {
  std::error_code error;
  const fs::path file = folder / kSweepFileName;
  if (!fs::exists(file, error)) return not_found(file.string() + ": no sweep in this folder");
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(file));
  return parse_plan(bytes, file.string());
}

Status copy_record(const fs::path& from, const fs::path& to) {
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(from));
  return write_file_atomically(to, bytes);
}

// Adds the records of one trial to what the output has of it. Run records have unique names; the attempts of both are
// listed. Nothing is read twice when a folder is merged again.
Status join_trial(const Trial& trial, const fs::path& from, const fs::path& to, const TuneEvents& events) {
  COPPICE_ASSIGN_OR_RETURN(const std::optional<TrialFile> source, read_trial_file(from));
  if (!source) return {};
  std::error_code error;
  fs::create_directories(to / "runs", error);
  if (error) return failed("cannot make " + to.string() + ": " + error.message());
  COPPICE_ASSIGN_OR_RETURN(const std::optional<TrialFile> target, read_trial_file(to));
  bool added = false;
  if (fs::is_directory(from / "runs", error)) {
    for (const auto& entry : fs::directory_iterator(from / "runs", error)) {
      const std::string name = entry.path().filename().string();
      if (name.front() == '.' || fs::exists(to / "runs" / name, error)) continue;
      COPPICE_RETURN_IF_ERROR(copy_record(entry.path(), to / "runs" / name));
      added = true;
    }
  }
  if (!target) return write_trial_file(to, *source);
  if (!added) return {};
  TrialFile joined = *target;
  // The end that counts comes last: an attempt that failed here must not hide one that was interrupted there.
  joined.attempts.insert(joined.attempts.begin(), source->attempts.begin(), source->attempts.end());
  if (events.note) events.note("trial " + trial.id() + " was run in more than one folder; the first to finish counts");
  return write_trial_file(to, joined);
}

}  // namespace

Result<TuneOutcome> merge_sweeps(const std::vector<fs::path>& folders, const fs::path& output, bool keep_models,
                                 const TuneEvents& events) {
  if (folders.empty()) return invalid_usage("--merge: give the folders to join");
  COPPICE_ASSIGN_OR_RETURN(Plan plan, plan_of(folders.front()));
  std::vector<fs::path> sources = folders;
  std::error_code error;
  if (fs::exists(output / kSweepFileName, error)) {
    sources.push_back(output);
  } else if (fs::exists(output, error) && !fs::is_empty(output, error)) {
    return invalid_usage("--output " + output.string() + " is no sweep's folder and not empty; choose a new one");
  }
  for (const fs::path& folder : sources) {
    COPPICE_ASSIGN_OR_RETURN(Plan other, plan_of(folder));
    if (other.id != plan.id) {
      return invalid_usage(folder.string() + " holds another sweep (" + other.id + ") than " +
                           folders.front().string() + " (" + plan.id + "); only shards of one sweep can be merged");
    }
    if (other.candidates.size() > plan.candidates.size()) plan.candidates = std::move(other.candidates);
  }
  fs::create_directories(output / "trials", error);
  if (error) return failed("cannot make " + output.string() + ": " + error.message());

  Survey known;
  // A rung is known once the one before it is complete, so each pass may find the next.
  for (std::set<std::string> joined;;) {
    COPPICE_ASSIGN_OR_RETURN(known, survey(plan, output));
    bool found = false;
    for (const RankedTrial& entry : known.trials) {
      const std::string id = entry.trial.id();
      if (!joined.insert(id).second) continue;
      found = true;
      for (const fs::path& folder : folders) {
        if (fs::equivalent(folder, output, error)) continue;
        COPPICE_RETURN_IF_ERROR(join_trial(entry.trial, folder / "trials" / id, output / "trials" / id, events));
      }
    }
    if (!found) break;
  }
  COPPICE_RETURN_IF_ERROR(write_sweep(output, sweep_json(plan, known, "")));
  if (known.winner) {
    const RankedTrial& winner = known.trials[*known.winner];
    std::vector<fs::path> places = {output / "trials" / winner.trial.id()};
    for (const fs::path& folder : folders) {
      places.push_back(folder / "trials" / winner.trial.id());
      places.push_back(folder / "best");
    }
    COPPICE_RETURN_IF_ERROR(keep_best(winner, places, output));
    if (!keep_models) COPPICE_RETURN_IF_ERROR(delete_model(output / "trials" / winner.trial.id()));
  }
  TuneOutcome outcome;
  outcome.sweep = sweep_json(plan, known, "");
  return outcome;
}

}  // namespace coppice::tune
