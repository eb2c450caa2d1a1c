#include "native/tune/runner.h"

#include <signal.h>
#include <time.h>

#include <cstring>
#include <fstream>

#include "native/energy/child_log.h"
#include "native/tune/folder_lock.h"

namespace coppice::tune {
namespace {

namespace fs = std::filesystem;

constexpr int kInterruptedCode = 130;

// Of `arguments`, those that every command with an energy record takes, with their values.
std::vector<std::string> common_arguments(const std::vector<std::string>& arguments) {
  static constexpr const char* kCommon[] = {"--threads",      "--country",   "--region", "--cloud",
                                            "--cloud-region", "--intensity", "--pue",    "--tdp"};
  std::vector<std::string> common;
  for (size_t i = 0; i < arguments.size(); ++i) {
    for (const std::string name : kCommon) {
      if (arguments[i].rfind(name + "=", 0) == 0) common.push_back(arguments[i]);
      if (arguments[i] != name) continue;
      common.push_back(arguments[i]);
      if (i + 1 < arguments.size()) common.push_back(arguments[i + 1]);
    }
  }
  return common;
}

struct CommandEnd {
  energy::ChildEnd end;
  bool told_to_stop = false;  // by limits.should_stop
  std::string words;
};

Result<CommandEnd> run_command(const std::vector<std::string>& words, const fs::path& folder,
                               const AttemptLimits& limits) {
  const fs::path log_path = folder / "log.txt";
  energy::ChildLog log(log_path);
  // The shell only opens the log and becomes the program, which keeps its process id.
  std::vector<std::string> command = {"/bin/sh", "-c", "exec \"$@\" >>\"$0\" 2>&1", log_path.string()};
  command.insert(command.end(), words.begin(), words.end());
  COPPICE_ASSIGN_OR_RETURN(const auto child, energy::ChildProcess::prepare(command, /*output_to_stderr=*/true));
  CommandEnd result;
  result.end = child->run([&] {
    log.read(limits.on_line);
    if (result.told_to_stop || !limits.should_stop || !limits.should_stop()) return;
    result.told_to_stop = true;
    ::kill(child->pid(), SIGINT);
  });
  log.read(limits.on_line);
  result.words = energy::last_words(log, result.end);
  if (!result.end.start_error.empty()) return failed(result.end.start_error);
  if (result.end.signal == 0 && (result.end.exit_code == 126 || result.end.exit_code == 127)) {
    return failed("cannot run " + words.front() + ": " + result.words);
  }
  return result;
}

Status make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  return error ? failed("cannot make " + folder.string() + ": " + error.message()) : Status();
}

}  // namespace

std::vector<std::string> train_command(const RunnerOptions& options, const Trial& trial, const fs::path& folder,
                                       bool resume, std::optional<double> energy_joules) {
  std::vector<std::string> words = {
      options.program, "train",      "--base",   (options.prune_first ? folder : options.base),
      "--data",        options.data, "--output", folder.string()};
  words.insert(words.end(), options.train_arguments.begin(), options.train_arguments.end());
  if (trial.reviews) words.insert(words.end(), {"--train-limit", std::to_string(*trial.reviews)});
  for (const auto& [name, value] : trial.parameters) {
    if (name == "sparsity") continue;
    words.insert(words.end(), {find_axis_rule(name)->option, number_text(value)});
  }
  if (options.prune_first) words.emplace_back("--keep-zeros");
  if (energy_joules) words.insert(words.end(), {"--energy-budget", number_text(*energy_joules)});
  if (resume) words.emplace_back("--resume");
  return words;
}

std::vector<std::string> prune_command(const RunnerOptions& options, const Trial& trial, const fs::path& folder) {
  std::vector<std::string> words = {options.program, "prune",     "--model",  options.base.string(),
                                    "--method",      "magnitude", "--output", folder.string()};
  for (const auto& [name, value] : trial.parameters) {
    if (name == "sparsity") words.insert(words.end(), {"--sparsity", number_text(value)});
  }
  const std::vector<std::string> common = common_arguments(options.train_arguments);
  words.insert(words.end(), common.begin(), common.end());
  return words;
}

Result<AttemptEnd> run_attempt(const RunnerOptions& options, const Trial& trial, const fs::path& folder,
                               const AttemptLimits& limits) {
  COPPICE_RETURN_IF_ERROR(make_folder(folder));
  COPPICE_ASSIGN_OR_RETURN(const std::optional<FolderLock> lock, FolderLock::try_take(folder));
  if (!lock) {
    return failed("another process is running trial " + trial.id() + " (" + (folder / ".lock").string() +
                  " is locked); let it end, or give the processes different --shard or --output");
  }
  COPPICE_ASSIGN_OR_RETURN(std::optional<TrialFile> known, read_trial_file(folder));
  TrialFile file = known.value_or(TrialFile{options.sweep_id, trial, {}});
  file.attempts.emplace_back();
  COPPICE_RETURN_IF_ERROR(write_trial_file(folder, file));

  std::error_code error;
  const bool resume = fs::exists(folder / "checkpoints" / "checkpoint.safetensors", error);
  std::vector<std::vector<std::string>> commands;
  if (!resume) {
    COPPICE_RETURN_IF_ERROR(delete_model(folder));
    if (options.prune_first) commands.push_back(prune_command(options, trial, folder));
  }
  commands.push_back(train_command(options, trial, folder, resume, limits.energy_joules));

  AttemptEnd result;
  Attempt& attempt = file.attempts.back();
  for (const std::vector<std::string>& words : commands) {
    COPPICE_ASSIGN_OR_RETURN(const CommandEnd command, run_command(words, folder, limits));
    const energy::ChildEnd& end = command.end;
    result.asked_to_stop = result.asked_to_stop || end.asked_to_stop;
    attempt.exit_code = end.shell_code();
    const bool stop = end.asked_to_stop || command.told_to_stop;
    if (attempt.exit_code == 0) {
      if (!stop || &words == &commands.back()) continue;
      attempt.exit_code = kInterruptedCode;  // pruned, but not to be trained now
      break;
    }
    // A signal that came before the program could set its handler ends it without a checkpoint.
    const bool stopped = attempt.exit_code == kInterruptedCode || (stop && end.signal == SIGINT) || end.interrupted;
    result.state = stopped ? TrialState::kInterrupted : TrialState::kFailed;
    if (!stopped) attempt.error = command.words;
    break;
  }
  if (attempt.exit_code == 0) {
    // The record says what came out; without one there is nothing to rank.
    COPPICE_ASSIGN_OR_RETURN(const TrialResult read, read_trial_result(folder, options.sweep_id));
    result.state = read.state == TrialState::kFinished ? TrialState::kFinished : TrialState::kFailed;
    if (result.state == TrialState::kFailed) attempt.error = "ended well but left no record of a finished training run";
  }
  COPPICE_RETURN_IF_ERROR(write_trial_file(folder, file));
  return result;
}

bool stop_is_pending() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  const timespec now{0, 0};
  return ::sigtimedwait(&set, nullptr, &now) > 0;
}

}  // namespace coppice::tune
