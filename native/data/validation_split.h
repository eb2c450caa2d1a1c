// Cutting a validation set off the training reviews so that it measures what the test set measures: reviews of films
// not seen in training.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "native/data/acl_imdb.h"

namespace coppice::data {

enum class SplitRule {
  kByFilm,    // films from urls_*.txt: no film, and no near-duplicate, is on both sides
  kByIdRuns,  // runs of consecutive review numbers, since reviews of one film have consecutive numbers: an
              // approximation (a film at the edge of a run is cut; a film's positive and negative reviews are numbered
              // apart)
};

const char* name_of(SplitRule rule);  // "by_film", "by_id_runs"

struct SplitOptions {
  double share = 0.1;  // of each class
  uint64_t seed = 2011;
};

// Each class is within this share of its target, as long as the groups are small against it (IMDb has at most 30
// reviews of a film).
inline constexpr double kSplitTolerance = 0.02;
// Consecutive runs of each class that by_id_runs takes.
inline constexpr size_t kIdRunsPerClass = 10;

struct ValidationSplit {
  SplitRule rule = SplitRule::kByIdRuns;
  SplitOptions options;
  std::vector<size_t> validation;  // indices into the reviews, ascending
  std::array<size_t, 2> target{};  // wanted per class
  std::array<size_t, 2> taken{};   // taken per class
  size_t groups = 0;               // films or runs, after near-duplicates joined some
  size_t groups_in_validation = 0;
  size_t moved_near_duplicates = 0;  // by_id_runs: reviews put back into train, a near-duplicate being there
};

// `near_clusters`: DuplicateClusters::near of the same reviews. Deterministic: same reviews, films and seed, same
// split.
ValidationSplit split_validation(const AclImdbPart& train, const std::vector<size_t>& near_clusters,
                                 const SplitOptions& options = {});

}  // namespace coppice::data
