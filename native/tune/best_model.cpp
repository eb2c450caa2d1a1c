#include "native/tune/best_model.h"

#include "native/export/model_folder.h"
#include "native/net/staging.h"
#include "native/tune/folder_lock.h"

namespace coppice::tune {

namespace fs = std::filesystem;

Status keep_best(const RankedTrial& winner, const std::vector<fs::path>& sources, const fs::path& output) {
  COPPICE_ASSIGN_OR_RETURN(const FolderLock lock, FolderLock::take(output));
  const fs::path best = output / "best";
  std::error_code error;
  // Run records have names of their own, so this one names the winner.
  const bool there = fs::exists(best / winner.result.finished_run, error);
  if (there && fs::exists(best / "manifest.json", error)) return {};
  if (!there) {
    const fs::path* source = nullptr;
    for (const fs::path& candidate : sources) {
      if (source == nullptr && has_model(candidate) && fs::exists(candidate / winner.result.finished_run, error)) {
        source = &candidate;
      }
    }
    if (source == nullptr) {
      return failed("the model of the best trial, " + winner.trial.id() + ", is gone (looked in " +
                    (sources.empty() ? output : sources.front()).string() +
                    "); train it again with the options in sweep.json");
    }
    COPPICE_ASSIGN_OR_RETURN(net::StagingFolder staging, net::StagingFolder::create(best));
    COPPICE_RETURN_IF_ERROR(copy_model(*source, staging.path()));
    fs::remove(staging.path() / "manifest.json", error);  // it names the trial's folder
    COPPICE_RETURN_IF_ERROR(staging.commit(/*replace=*/true));
  }
  return refresh_manifest(best);
}

}  // namespace coppice::tune
