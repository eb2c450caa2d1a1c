// Which weights a record speaks of: those of the folder, or those they were exported from.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "native/export/run_recorder.h"
#include "shared/records/manifest.h"

namespace coppice {

// Hashes of the weights as they are, and as they were before an export turned them into the form that is here.
struct WeightsHashes {
  std::set<std::string> now;
  std::set<std::string> before_export;

  [[nodiscard]] bool contain(const std::string& sha256) const {
    return now.count(sha256) != 0 || before_export.count(sha256) != 0;
  }
};

WeightsHashes hashes_of_weights(const std::vector<StoredRun>& runs, const records::Manifest& manifest);

}  // namespace coppice
