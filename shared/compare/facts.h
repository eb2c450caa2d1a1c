// What a model's manifest says of its energy, as the page needs it: the parts of its making, its native runs, its
// operations.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "shared/energy/figure.h"
#include "shared/energy/inference/shipped.h"
#include "shared/records/manifest.h"

namespace coppice::compare {

// The stages of a model's life, in the order in which it meets them.
enum class Stage {
  kFineTuning,
  kPruning,
  kRecovery,  // training after pruning or quantising, in the same folder
  kQuantising,
  kExport,
  kMaking,  // a manifest that does not say how its sum splits
  kDownload,
  kUse,
};
inline constexpr int kStages = 8;
const char* name_of(Stage stage);  // "fine-tuning"

struct MakingRun {
  Stage stage;
  energy::Figure<energy::Joules> energy;
  // Of its record. A model exported from another one's folder lists that one's runs too: sums over several models count
  // a run once. Empty: not known, so never taken for another model's.
  std::string run = {};
};

struct ModelFacts {
  std::vector<MakingRun> making;           // in order of time; empty: no record says what making it took
  int64_t making_runs_without_figure = 0;  // by which the sum is too small
  std::vector<energy::ShippedInference> native_runs;
  std::map<int64_t, int64_t> encoder_operations;  // tokens -> operations; empty for a linear model
  bool int8 = false;                              // the weights that the page runs
  bool cut_back = false;                          // pruned or quantised
};

ModelFacts facts_of(const records::Manifest& manifest);

}  // namespace coppice::compare
