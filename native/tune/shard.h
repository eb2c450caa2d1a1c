// Which part of a sweep this process runs: given on the command line, or by the batch engine that started it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "shared/base/status.h"

namespace coppice::tune {

struct Shard {
  int64_t index = 0;  // from 0
  int64_t count = 1;
  std::string source;  // "--shard", "CLOUD_RUN_TASK_INDEX", "JOB_COMPLETION_INDEX", or "" for the whole sweep
  [[nodiscard]] bool owns(int64_t position) const { return position % count == index; }
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// `shard`: "i/n" or "". `shards`: n for an index that the environment gives (Kubernetes tells a pod its index but not
// the number of completions); 0 if not given. What is typed wins over Cloud Run, and that over Kubernetes. Errors
// (kInvalidUsage): not i/n with 0 <= i < n, an index without a number of shards, a number without an index.
Result<Shard> find_shard(const std::string& shard, int64_t shards, const Environment& environment);

}  // namespace coppice::tune
