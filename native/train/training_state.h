// Where a training run is: everything besides weights and moments that a resumed run needs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "native/model/bert.h"
#include "native/model/checkpoint.h"
#include "native/train/adamw.h"
#include "native/train/trainer.h"
#include "shared/base/status.h"

namespace coppice::train {

struct TrainingState {
  int64_t step = 0;     // optimiser steps done
  int64_t tokens = 0;   // trained on so far
  double loss_sum = 0;  // since the last validation
  int64_t loss_count = 0;
  int64_t validations_without_gain = 0;
  bool has_best = false;
  ValidationPoint best;
  std::vector<ValidationPoint> history;
};

// One safetensors file: weights, both moments, `more` tensors, and the state as metadata. Written atomically: a kill
// leaves the old one.
Status save_training_state(const TrainingState& state, AdamW& optimizer, const model::NamedTensors& more,
                           const std::string& fingerprint, const std::filesystem::path& file);

// Fills weights, moments and `more` in place. A checkpoint of another run (fingerprint) or another schema is refused.
Result<TrainingState> load_training_state(AdamW& optimizer, model::NamedTensors more, const std::string& fingerprint,
                                          const std::filesystem::path& file);

// Copies the weights of a file written by model::save_weights into `optimizer`'s parameters.
Status restore_weights(AdamW& optimizer, const std::filesystem::path& file);

}  // namespace coppice::train
