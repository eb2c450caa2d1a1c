// Runs the attempts of one trial: `coppice train`, after `coppice prune` where the trial has a sparsity, as child
// processes with their output in the trial's log.txt.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "native/tune/trial.h"
#include "shared/base/status.h"

namespace coppice::tune {

struct RunnerOptions {
  std::string program;         // coppice-torch; its environment is this process's
  std::filesystem::path base;  // --base of each trial, or the model that is pruned first
  bool prune_first = false;
  std::string data;
  std::vector<std::string> train_arguments;  // for every trial, in front of its own
  std::string sweep_id;
};

struct AttemptLimits {
  std::optional<double> energy_joules;                   // stop the training at a checkpoint after so much
  std::function<bool()> should_stop;                     // asked once a second; true ends the attempt at a checkpoint
  std::function<void(const std::string& line)> on_line;  // new lines of the log
};

struct AttemptEnd {
  TrialState state = TrialState::kInterrupted;
  bool asked_to_stop = false;  // Ctrl-C or SIGTERM came, whatever became of the attempt
};

// The words of `coppice train` for this trial. `resume`: at its checkpoint.
std::vector<std::string> train_command(const RunnerOptions& options, const Trial& trial,
                                       const std::filesystem::path& folder, bool resume,
                                       std::optional<double> energy_joules);
// The words of `coppice prune`: those of `train_arguments` that it has too (threads, place of the energy) come along.
std::vector<std::string> prune_command(const RunnerOptions& options, const Trial& trial,
                                       const std::filesystem::path& folder);

// One attempt, going on at the checkpoint of the one before if there is one. An attempt that fails is no error here
// but the returned state, with the log's last line in trial.json; an error is what would make every trial fail: the
// program cannot be started, the disk cannot be written, another process runs this trial (its folder is locked).
Result<AttemptEnd> run_attempt(const RunnerOptions& options, const Trial& trial, const std::filesystem::path& folder,
                               const AttemptLimits& limits);

// True once if Ctrl-C or SIGTERM came while no child was running: they are blocked from the first child on.
bool stop_is_pending();

}  // namespace coppice::tune
