// Options of the subcommands that need libtorch. `coppice` parses them, so that help and mistakes answer at once, and
// hands the same words to coppice-torch, which parses them again with these functions.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "native/cli/energy_options.h"

namespace coppice::cli {

struct TrainOptions {
  std::string base;    // model folder to start from
  std::string data;    // TSV, folder of TSVs, or aclImdb folder
  std::string output;  // model folder to write
  int64_t train_limit = 0;
  int64_t validation_limit = 0;
  int64_t max_length = 256;
  std::string truncation = "head_tail";
  double epochs = 1.0;
  int64_t max_steps = 0;
  int64_t batch_size = 16;
  int64_t micro_batch_tokens = 2048;
  double learning_rate = 5e-5;
  double warmup_ratio = 0.1;
  double weight_decay = 0.01;
  double max_grad_norm = 1.0;
  double dropout = -1;  // below 0: as config.json says
  uint64_t seed = 1;
  int64_t validations_per_epoch = 4;
  int64_t patience = 0;
  double checkpoint_every_seconds = 120;
  std::string precision = "fp32";  // or "bf16"
  bool keep_zeros = false;
  std::string teacher;  // model folder to distil from; empty: none
  double distillation_weight = 0.5;
  double distillation_temperature = 2;
  double distillation_hidden_weight = 0;
  bool resume = false;
  double energy_budget_joules = 0;
  EnergyOptions energy;
  int threads = 0;
  bool json = false;
};

struct EvaluateOptions {
  std::string model;
  std::string data;
  std::string split = "test";
  int64_t limit = 0;
  std::string predictions;
  std::string against;
  bool record = false;
  EnergyOptions energy;
  int threads = 0;
  bool json = false;
};

struct PredictOptions {
  std::string model;
  std::string file;
  std::vector<std::string> texts;
  int threads = 0;
  bool json = false;
};

struct MeasureOptions {
  std::vector<std::string> models;
  std::string prompts;
  int64_t repeats = 10;
  int64_t warmup = 2;
  double idle_seconds = 1;  // how long the machine is watched before the first run
  std::string csv;          // also write the table to this file
  EnergyOptions energy;
  bool record = false;
  int threads = 1;
  bool json = false;
};

struct PruneOptions {
  std::string model;
  std::string output;
  std::string plan;         // apply this plan instead of making one
  std::string method;       // "magnitude" (unstructured) or "structured"
  double sparsity = 0.8;    // magnitude: share of the encoder's weights that become 0
  double keep_flops = 0.5;  // structured: share of the encoder's FLOPs at `tokens` tokens that stays
  int64_t tokens = 256;
  std::string data;  // structured: reviews for the importance scores
  int64_t importance_reviews = 256;
  bool mask_only = false;  // structured: zero instead of removing, to check one against the other
  bool dry_run = false;    // print the plan, write nothing
  EnergyOptions energy;
  uint64_t seed = 1;
  int threads = 0;
  bool json = false;
};

CLI::App* add_train_options(CLI::App& app, TrainOptions& options);
CLI::App* add_evaluate_options(CLI::App& app, EvaluateOptions& options);
CLI::App* add_predict_options(CLI::App& app, PredictOptions& options);
CLI::App* add_measure_options(CLI::App& app, MeasureOptions& options);
CLI::App* add_prune_options(CLI::App& app, PruneOptions& options);

}  // namespace coppice::cli
