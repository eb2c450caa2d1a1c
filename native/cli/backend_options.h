// Options of the subcommands that need libtorch. `coppice` parses them, so that help and mistakes answer at once, and
// hands the same words to coppice-torch, which parses them again with these functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "native/cli/energy_options.h"

namespace CLI {
class App;  // its header costs seconds to compile: for the sources alone
}

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
  std::optional<double> prune_to;  // gradual pruning to this share of zeros in the encoder
  std::string prune_score = "magnitude";
  std::string prune_scope = "global";
  std::string prune_pattern = "none";
  double prune_begin = 0.1;
  double prune_end = 0.7;
  int64_t prune_every = 32;
  std::string teacher;     // model folder to distil from; empty: none
  std::string unlabelled;  // folder of reviews that only the teacher judges; empty: none
  int64_t unlabelled_limit = 0;
  std::string teacher_answers;  // folder where its answers are kept; empty: the run's checkpoints
  double distillation_weight = 0.5;
  double distillation_temperature = 2;
  double distillation_hidden_weight = 0;
  std::string teacher_hidden = "off";  // inner layers' states: "cls" or "tokens"
  double teacher_hidden_weight = 1;
  std::string teacher_hidden_layers = "auto";
  bool resume = false;
  double energy_budget_joules = 0;
  EnergyOptions energy;
  int threads = 0;
  bool json = false;
};

struct CalibrateOptions {
  std::string model;
  std::string data;
  int64_t limit = 256;
  std::string method = "minmax";
  double percentile = 99.99;
  std::string output;  // empty: standard output
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
  std::string engine = "libtorch";  // or "core"
  int threads = 0;
  bool json = false;
};

struct PredictOptions {
  std::string model;
  std::string file;
  std::vector<std::string> texts;
  std::string engine = "libtorch";  // or "core"
  int threads = 0;
  bool json = false;
};

// coppice measure --url.
struct UrlOptions {
  std::string url;              // of the API's classify; empty: models are measured on this machine
  double rate_per_second = 10;  // requests, constant whatever the server does
  double seconds = 30;
  int64_t connections = 64;
  double timeout_seconds = 30;
  bool include_usage = false;  // ask what the answers cost
  std::string token_variable;  // environment variable with a bearer token
  std::string output;          // folder for the run record
  std::string cloud_project;   // ask Cloud Monitoring for revision, region and instances
  std::string cloud_service;   // "": from the address
  std::string monitoring_url;
  double cloud_wait_seconds = 240;  // figures are published minutes late
};

struct MeasureOptions {
  UrlOptions load;
  std::vector<std::string> models;
  std::string prompts;
  int64_t repeats = 10;
  int64_t warmup = 2;
  double idle_seconds = 1;    // how long the machine is watched before the first run
  std::string csv;            // also write the table to this file
  std::string latency_table;  // instead: times by width to this file
  int64_t tokens = 256;       // of the latency table's review
  bool profile = false;       // of the core: where the time goes
  EnergyOptions energy;
  bool record = false;
  std::string engine = "libtorch";  // or "core"
  int threads = 1;
  bool json = false;
};

struct PruneOptions {
  std::string model;
  std::string output;
  std::string plan;  // apply this plan instead of making one
  // "magnitude", "movement", "fisher", "reconstruction" (unstructured), "structured" or "vocabulary"
  std::string method;
  // Unstructured.
  std::optional<double> sparsity;  // share of the encoder's weights that become 0; without it the pattern's, or 0.8
  std::string scope = "global";
  std::string pattern = "none";
  // Structured: at most one of the three shares; without any, half of the FLOPs.
  std::optional<double> keep_flops;
  std::optional<double> keep_parameters;
  std::optional<double> keep_latency;
  std::string latency_table;
  std::string keep_layers = "all";  // or "auto" or a number
  std::string importance = "taylor";
  int64_t tokens = 256;
  bool mask_only = false;  // zero instead of removing, to check one against the other
  // Vocabulary.
  int64_t min_count = 1;
  int64_t keep_tokens = 0;  // 0: by min_count alone
  std::string data;         // reviews for scores, importance and token counts
  int64_t importance_reviews = 256;
  bool dry_run = false;  // print the plan, write nothing
  EnergyOptions energy;
  uint64_t seed = 1;
  int threads = 0;
  bool json = false;
};

CLI::App* add_train_options(CLI::App& app, TrainOptions& options);
CLI::App* add_calibrate_options(CLI::App& app, CalibrateOptions& options);
CLI::App* add_evaluate_options(CLI::App& app, EvaluateOptions& options);
CLI::App* add_predict_options(CLI::App& app, PredictOptions& options);
CLI::App* add_measure_options(CLI::App& app, MeasureOptions& options);
CLI::App* add_prune_options(CLI::App& app, PruneOptions& options);

}  // namespace coppice::cli
