// lifecycle.json, the index of a run directory: what became of each step. docs/lifecycle.md describes it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "native/lifecycle/plan.h"
#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::lifecycle {

inline constexpr int64_t kJournalVersion = 1;
inline constexpr const char* kJournalFileName = "lifecycle.json";

enum class StepState { kNotRun, kRunning, kFinished, kFailed, kInterrupted, kUnavailable };
const char* to_string(StepState state);  // "not_run", ...

using Hashes = std::map<std::string, std::string>;  // path -> sha256

// What is kept of a step beside the plan.
struct StepEntry {
  StepState state = StepState::kNotRun;
  std::string reason;
  bool skipped = false;
  std::string inputs_hash;
  Hashes inputs;
  Hashes outputs;
  std::vector<std::string> records;     // below the run directory, of the attempts on these inputs
  std::vector<std::string> superseded;  // of attempts on other inputs
  OrderedJson attempts = OrderedJson::array();
  OrderedJson predicted;  // null: not known
};

struct Journal {
  std::string run_id;
  std::string started_at;
  std::string outcome = "running";
  std::string error;
  OrderedJson base;        // null until it is known
  OrderedJson data;        // null until the reviews are counted
  OrderedJson prediction;  // null until the probe has run
  std::map<std::string, StepEntry> steps;
};

// Absent (a new journal with a run_id) where the folder has none. A journal that cannot be read is an error that says
// to keep the folder and choose another.
Result<Journal> read_journal(const std::filesystem::path& directory);

// The document, with sums over the steps. `plan` gives order, names and commands.
struct JournalContext {
  const Config& config;
  const Plan& plan;
  std::string directory;
  std::vector<std::string> command;  // of coppice lifecycle
};
OrderedJson to_json(const Journal& journal, const JournalContext& context);
Status write_journal(const Journal& journal, const JournalContext& context);

// Sums over the steps' attempts: {"duration_seconds","energy_joules","carbon_grams_co2e","attempts_without_energy"}.
OrderedJson totals_of(const std::vector<const OrderedJson*>& attempts);

std::string utc_now();
// "DIR/x" -> "x"; other paths as they are, with "./" before relative ones.
std::string shown_path(const std::string& path, const std::string& directory);

}  // namespace coppice::lifecycle
