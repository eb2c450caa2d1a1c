// Successive halving (Jamieson and Talwalkar 2016): many candidates on few reviews, the best 1/eta of them on eta times
// as many, until a rung trains on all. Each rung trains from the base model again: the learning rate's schedule spans a
// run, so a model that was trained to the end of a short one is no start for a longer one.
#pragma once

#include <cstdint>
#include <vector>

#include "native/tune/trial.h"
#include "shared/base/status.h"

namespace coppice::tune {

struct HalvingOptions {
  int64_t eta = 3;          // one of so many goes on, on so many times the reviews
  int64_t min_reviews = 0;  // of the first rung; 0: as `rungs` says
  int64_t rungs = 0;        // 0: as `min_reviews` says, or 3 if that is not given either
};

// Reviews of each rung, rising; the last is `most_reviews`. kInvalidUsage: both options given, an eta under 2, fewer
// than 2 reviews in the first rung or more than there are.
Result<std::vector<int64_t>> rung_reviews(const HalvingOptions& options, int64_t most_reviews);

struct RankedTrial {
  Trial trial;
  TrialResult result;
};

// The candidates that go on, in the order of their numbers: the best floor(n / eta), at least one, of the finished
// ones. None if none finished.
std::vector<int64_t> promote(const std::vector<RankedTrial>& rung, int64_t eta);

}  // namespace coppice::tune
