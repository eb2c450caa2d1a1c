// One trial of a sweep: its place in the numbering, its folder, and what came of it.
//
// A trial's folder is OUTPUT/trials/ID: trial.json (what it is and how its attempts ended), runs/ (the run records that
// `coppice train` and `coppice prune` left), log.txt, and the model until a better one is found. What came of it is
// read from these files each time, so that nothing is stated twice.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "native/tune/search_space.h"
#include "shared/base/status.h"
#include "shared/energy/figure.h"
#include "shared/records/figure.h"

namespace coppice::tune {

inline constexpr int64_t kTrialVersion = 1;

struct Trial {
  int64_t candidate = 0;           // its number in the space
  std::optional<int64_t> rung;     // successive halving only, from 0
  std::optional<int64_t> reviews;  // to train on; all if absent
  Parameters parameters;
  [[nodiscard]] std::string id() const;  // "003", "003-rung1"
};

OrderedJson to_json(const Trial& trial);
Result<Trial> parse_trial(const Json& json, const std::string& where);

enum class TrialState {
  kNotRun,
  kInterrupted,  // started, neither finished nor failed: goes on at its checkpoint
  kFailed,
  kFinished,
};
const char* to_string(TrialState state);  // "not_run", ...

// `exit_code` absent: nobody saw its end (this program was killed).
struct Attempt {
  std::optional<int> exit_code;
  std::string error;  // of one that failed
};

// trial.json.
struct TrialFile {
  std::string sweep_id;
  Trial trial;
  std::vector<Attempt> attempts;
};
Status write_trial_file(const std::filesystem::path& folder, const TrialFile& file);
// Absent where the folder has none.
Result<std::optional<TrialFile>> read_trial_file(const std::filesystem::path& folder);

struct TrialResult {
  TrialState state = TrialState::kNotRun;
  // Of a finished one.
  records::MetricValue accuracy;  // on the validation reviews, with Wilson's interval
  double loss = 0;
  int64_t validation_reviews = 0;
  std::string finished_run;  // the record that says so
  std::string validation_sha256;
  std::string training_sha256;
  // Of whatever ran, attempts that failed included.
  double seconds = 0;
  std::optional<energy::Figure<energy::Joules>> energy;
  std::optional<energy::Figure<energy::GramsCo2e>> carbon;  // only where every run has it
  std::vector<std::string> runs;                            // records, below the trial's folder
  std::vector<std::string> runs_without_energy;
  int64_t attempts = 0;
  int64_t attempts_without_record = 0;  // killed: their energy is not known
  std::string error;                    // of the last attempt, if it failed
};

// From the files of the folder. A record that cannot be read is an error. `sweep_id` must be the folder's.
Result<TrialResult> read_trial_result(const std::filesystem::path& folder, const std::string& sweep_id);

// True if `a` is to be preferred: higher accuracy, then lower loss, then the lower number. Both finished.
bool better(const Trial& a, const TrialResult& of_a, const Trial& b, const TrialResult& of_b);

// Removes everything but trial.json, log.txt and runs/.
Status delete_model(const std::filesystem::path& trial_folder);
// True if the folder holds a model. Whether its training ended is for the record to say, which is written once the
// weights are: checkpoints beside a finished record, or no manifest, are of a program that was ended just after.
bool has_model(const std::filesystem::path& trial_folder);
// Copies the model with its run records into the empty folder `target`.
Status copy_model(const std::filesystem::path& trial_folder, const std::filesystem::path& target);

}  // namespace coppice::tune
