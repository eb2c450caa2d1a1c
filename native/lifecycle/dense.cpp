#include "native/lifecycle/dense.h"

#include <cstdio>
#include <filesystem>

#include "native/export/model_folder.h"
#include "native/net/staging.h"

namespace coppice::lifecycle {
namespace {

namespace fs = std::filesystem;

struct Score {
  double accuracy = 0;
  double loss = 0;
  std::string reviews_sha256;
};

Result<Score> score_of(const std::string& folder) {
  COPPICE_ASSIGN_OR_RETURN(const std::vector<StoredRun> runs, read_run_records(folder));
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    if (run->record.kind != "train" || run->record.outcome != records::Outcome::kFinished) continue;
    const std::string where = folder + "/" + run->path;
    JsonReader results(run->record.results, where + ": results");
    const Json& best = results.at("best");
    JsonReader inputs(run->record.inputs, where + ": inputs");
    const Json& validation = inputs.at("validation_data");
    COPPICE_RETURN_IF_ERROR(results.status());
    COPPICE_RETURN_IF_ERROR(inputs.status());
    JsonReader best_reader(best, where + ": results: best");
    JsonReader validation_reader(validation, where + ": inputs: validation_data");
    Score score{best_reader.number("validation_accuracy"), best_reader.number("validation_loss"),
                validation_reader.string("sha256")};
    COPPICE_RETURN_IF_ERROR(best_reader.status());
    COPPICE_RETURN_IF_ERROR(validation_reader.status());
    return score;
  }
  return invalid_input(folder + ": no record of a finished training run in runs/");
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * share);
  return text;
}

}  // namespace

Result<std::string> choose_dense(const std::string& baseline, const std::string& tuned, const std::string& target) {
  COPPICE_ASSIGN_OR_RETURN(const Score of_baseline, score_of(baseline));
  COPPICE_ASSIGN_OR_RETURN(const Score of_tuned, score_of(tuned));
  if (of_baseline.reviews_sha256 != of_tuned.reviews_sha256) {
    return invalid_input(baseline + " and " + tuned +
                         " were validated on different reviews; give baseline and tuning the same validation_limit");
  }
  const bool tuned_is_better = of_tuned.accuracy > of_baseline.accuracy ||
                               (of_tuned.accuracy == of_baseline.accuracy && of_tuned.loss < of_baseline.loss);
  const fs::path source = tuned_is_better ? tuned : baseline;
  COPPICE_ASSIGN_OR_RETURN(net::StagingFolder staging, net::StagingFolder::create(target));
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(source, error)) {
    const std::string name = entry.path().filename().string();
    // The manifest names the folder; it is made anew.
    if (name == "manifest.json" || name == "checkpoints" || name.front() == '.') continue;
    fs::copy(entry.path(), staging.path() / name, fs::copy_options::recursive, error);
    if (error) return failed("cannot copy " + entry.path().string() + ": " + error.message());
  }
  if (error) return failed("cannot list " + source.string() + ": " + error.message());
  COPPICE_RETURN_IF_ERROR(staging.commit(/*replace=*/true));
  COPPICE_RETURN_IF_ERROR(refresh_manifest(target));
  const auto told = [](const Score& score) {
    char text[64];
    std::snprintf(text, sizeof text, " (%s, loss %.4f)", percent(score.accuracy).c_str(), score.loss);
    return std::string(text);
  };
  return std::string(tuned_is_better ? "the search's best" : "the baseline") +
         told(tuned_is_better ? of_tuned : of_baseline) + " rather than " +
         (tuned_is_better ? "the baseline" : "the search's best") + told(tuned_is_better ? of_baseline : of_tuned) +
         ", by accuracy and then loss on the validation reviews";
}

}  // namespace coppice::lifecycle
