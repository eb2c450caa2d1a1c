// The sweep: runs this shard's trials one after the other, keeps sweep.json up to date after each, and the winner's
// model in OUTPUT/best.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "native/tune/plan.h"
#include "native/tune/runner.h"
#include "native/tune/shard.h"
#include "shared/base/status.h"

namespace coppice::tune {

struct TuneOptions {
  PlanOptions plan;
  RunnerOptions runner;  // sweep_id is filled in here
  std::filesystem::path output;
  Shard shard;
  std::optional<double> energy_budget_joules;  // of this shard's trials, earlier calls included
  std::optional<double> time_budget_seconds;   // of this call
  bool keep_models = false;
  bool retry_failed = false;
  bool must_exist = false;  // --resume: there must be a sweep to go on with
  double wait_seconds = 0;  // halving: how long to wait for the other shards' trials of a rung
};

// For people. `progress` may be overwritten by the next.
struct TuneEvents {
  std::function<void(const std::string& line)> note;
  std::function<void(const std::string& trial, const std::string& line)> progress;
};

struct TuneOutcome {
  OrderedJson sweep;                     // as in sweep.json
  std::vector<std::string> waiting_for;  // halving: trials of other shards that must end before this one can go on
  bool interrupted = false;              // Ctrl-C, or a budget that ended before any trial did
};

Result<TuneOutcome> run_sweep(const TuneOptions& options, const TuneEvents& events);

// The trials this shard would run now, and their commands, without running or writing anything.
struct DryTrial {
  RankedTrial trial;
  bool own = true;
  std::vector<std::string> command;
};
struct DryRun {
  Plan plan;
  std::vector<DryTrial> trials;
};
Result<DryRun> dry_run(const TuneOptions& options);

// Joins the records of several OUTPUT folders of one sweep into `output`, which may be one of them or a new folder.
Result<TuneOutcome> merge_sweeps(const std::vector<std::filesystem::path>& folders, const std::filesystem::path& output,
                                 bool keep_models, const TuneEvents& events);

}  // namespace coppice::tune
