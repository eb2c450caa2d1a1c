// What a table of models says of each: from its manifest and run records, relative to a baseline.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "native/export/run_recorder.h"
#include "shared/base/status.h"
#include "shared/energy/break_even.h"
#include "shared/records/manifest.h"

namespace coppice::compare_models {

// One review as `coppice measure --record` saw it: the one that stands for all in the table.
struct ReferenceInference {
  int64_t tokens = 0;   // words for a linear model
  std::string prompt;   // id of the review; empty: the manifest does not say
  std::string run_id;   // of the measurement; empty likewise. Models measured in turns share one.
  std::string machine;  // that was measured; empty: not said
  energy::InferenceCost cost;
};

struct ModelSummary {
  std::filesystem::path folder;
  records::Manifest manifest;
  std::vector<StoredRun> runs;
  std::string done;                      // "pruned (structured), trained"
  int64_t download_bytes = 0;            // of the weights file, the ONNX form where both are there
  std::optional<double> relative_flops;  // of the encoder at the reference length; absent for a linear model
  std::optional<ReferenceInference> inference;
  // Of its own making: without runs that its parent, where that is among the models, lists too.
  std::optional<energy::Figure<energy::Joules>> making;
  std::map<std::string, energy::Figure<energy::Joules>> making_by_kind;  // of run: "train", "prune", ...
  // Of all that made this model from the baseline: its own making and that of the models between the two, without runs
  // that made the baseline too.
  std::optional<energy::Figure<energy::Joules>> cost;
  std::vector<std::string> cost_of;             // ids of the models whose making it is
  std::optional<energy::Saving> saving;         // against the baseline, an inference
  std::optional<energy::EnergyRatio> ratio;     // of one inference to the baseline's
  std::optional<energy::BreakEven> break_even;  // of cost and saving
};

struct Overview {
  std::vector<ModelSummary> models;
  size_t baseline = 0;
  int64_t tokens = 256;            // reference length
  std::vector<std::string> notes;  // what makes figures not comparable, or incomplete

  [[nodiscard]] const ModelSummary& base() const { return models[baseline]; }
};

// Null where there is none of this id.
const ModelSummary* find_model(const Overview& overview, const std::string& id);

// Without `baseline_id` the baseline is the model that most others were made from, the first of several; where none was
// made from another, the one with the most encoder operations. Refused: no model, two of one id, a baseline that is not
// among them. Files named catalog.json are passed over, so that models/* can be said.
Result<Overview> summarise(const std::vector<std::filesystem::path>& folders, const std::string& baseline_id,
                           int64_t tokens);

// The same of models that were read already: `folder`, `manifest` and `runs` (oldest first) are given, the rest is
// worked out. For a caller that keeps broken records apart instead of refusing them.
Result<Overview> summarise_models(std::vector<ModelSummary> models, const std::string& baseline_id, int64_t tokens);

}  // namespace coppice::compare_models
