// Fine-tuning of a BertClassifier on labelled reviews.
//
// The loop, for each optimiser step: take `batch_size` reviews of the epoch's order; run them packed, in micro-batches
// of at most `micro_batch_tokens` tokens (gradient accumulation that gives the gradient of the whole batch, since the
// loss is a sum divided by the batch's size); clip; AdamW with linear warm-up and decay; validate some times per epoch
// and keep the best weights; checkpoint by time. With gradual pruning, weights of an earlier, less sparse model never
// count as the best.
//
// Everything random is a function of (seed, step), and each micro-batch is computed on one core and summed in a fixed
// order: a run killed at any moment and resumed from its last checkpoint ends with the weights it would have had, bit
// for bit, on any number of threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "native/model/bert.h"
#include "native/model/tokenized_reviews.h"
#include "native/train/adamw.h"
#include "native/train/distillation.h"
#include "native/train/gradual_pruning.h"
#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::train {

struct TrainConfig {
  double epochs = 1.0;
  int64_t max_steps = 0;  // 0: as many as the epochs give
  int64_t batch_size = 16;
  int64_t micro_batch_tokens = 2048;
  double learning_rate = 5e-5;
  double warmup_ratio = 0.1;
  double max_grad_norm = 1.0;
  AdamWOptions adamw;
  uint64_t seed = 1;
  int64_t validations_per_epoch = 4;
  int64_t patience = 0;  // validations without a better accuracy before stopping; 0 = never
  double checkpoint_every_seconds = 120;
  model::MatmulPrecision precision = model::MatmulPrecision::kFloat32;  // of training; validation is in float32
  DistillationConfig distillation;
  GradualPruningConfig pruning;
};
OrderedJson to_json(const TrainConfig& config);

struct ValidationPoint {
  int64_t step = 0;
  double epoch = 0;
  double train_loss = 0;  // mean since the last validation
  double validation_loss = 0;
  double validation_accuracy = 0;
  double sparsity = 0;  // of the encoder's matrices, with gradual pruning
};

OrderedJson to_json(const ValidationPoint& point);

struct StepInfo {
  int64_t step = 0;
  int64_t total_steps = 0;
  int64_t tokens_done = 0;  // trained on so far in this process
  double loss = 0;
  double learning_rate = 0;
  double gradient_norm = 0;
};

// What the loop tells whoever watches. All optional.
struct TrainEvents {
  std::function<void(const StepInfo&)> on_step;
  std::function<void(const ValidationPoint&)> on_validation;
  std::function<void(const std::string& phase)> on_phase;  // "train", "validate", "checkpoint"
  // Asked after each step; a reason stops the run at a checkpoint, e.g. an energy budget that is used up.
  std::function<std::optional<std::string>()> should_stop;
};

struct TrainResult {
  int64_t steps = 0;
  int64_t tokens = 0;  // over the whole run, resumed parts included
  // Of optimiser steps in this process: validation, checkpoints and what was done before a resume are left out.
  double tokens_per_second = 0;
  bool stopped_early = false;
  ValidationPoint best;
  std::vector<ValidationPoint> history;
};

// Trains `model` in place and leaves it with the best validated weights. `folder` holds the run's checkpoint:
// checkpoint.safetensors (weights, moments, counters) and best.safetensors. `fingerprint` names settings and inputs;
// a checkpoint with another one is refused. With `resume` an existing checkpoint is continued, without it is an error
// to find one. `interrupt` set (Ctrl-C) writes a checkpoint and returns kInterrupted. A NaN or infinite loss returns
// kFailed and leaves the last checkpoint as it is. `teacher`, needed where config.distillation is active, answers for
// each training review.
Result<TrainResult> train(model::BertClassifier& model, const model::TokenizedReviews& training,
                          const model::TokenizedReviews& validation, const TrainConfig& config, const Masks& masks,
                          const std::filesystem::path& folder, const std::string& fingerprint, bool resume,
                          const TrainEvents& events, model::WorkerPool& pool, const std::atomic<bool>& interrupt,
                          const TeacherAnswers* teacher = nullptr);

}  // namespace coppice::train
