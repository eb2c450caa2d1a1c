// What the comparison page knows, as plain data: no drawing, no clock, no files. Drawing reads it; `Comparison` changes
// it; the DOM mirror is its JSON (messages.h).
//
//   model   dense      structured
//   phase   kReady     kDownloading        each model goes its own way: one that fails leaves the others alone
//   verdict positive   (none yet)
//   times   148 151 …  (none yet)          one entry per timed repeat, the warm-up left out
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/compare/choices.h"
#include "shared/compare/estimate.h"
#include "shared/compare/facts.h"
#include "shared/metrics/robust.h"
#include "shared/records/figure.h"
#include "shared/records/manifest.h"

namespace coppice::compare {

enum class ModelPhase {
  kDescribing,   // its manifest and vocabulary are being read
  kOffered,      // described, the model file is not loaded
  kWaiting,      // its file is next to be loaded
  kDownloading,  // `bytes_done` of `bytes_total` are here
  kPreparing,    // the file is whole; the runtime is building its session
  kReady,
  kFailed,  // `problem` says why; retry() starts again
};

struct Verdict {
  int label_index = 0;  // 0 negative, 1 positive
  std::string label;
  double probability = 0;  // of that label
  std::array<double, 2> logits = {0, 0};
};

// Times of the timed repeats of one model on one review, in milliseconds.
struct TimeSummary {
  double median_ms = 0;
  double mad_ms = 0;              // median absolute deviation
  metrics::Interval interval_ms;  // 95 % bootstrap interval of the median
};

// One model against the baseline (order.h), from the ratios of the same round.
struct TimeRatio {
  double ratio = 1;            // median of time / baseline time
  metrics::Interval interval;  // 95 % bootstrap interval of it
};

struct Runtime {
  std::string name;  // "ONNX Runtime Web" or "Coppice engine"; empty until the worker has said so
  std::string version;
  std::string backend;  // "WASM" or "WebGPU"; of the engine: its instruction set
  int threads = 0;
  bool isolated = false;  // cross-origin isolation: needed for more than one thread
};

struct ModelRow {
  std::string id;
  ModelPhase phase = ModelPhase::kDescribing;
  std::string problem;
  bool selected = true;
  bool on_device = false;  // its file is in this browser's cache
  bool yours = false;      // brought by the visitor; its files are in memory for this visit
  std::string twin_of;     // not empty: the row whose files this one runs, in the project's own engine

  // From the manifest.
  records::Architecture architecture = records::Architecture::kBert;
  std::string description;
  std::string parent;
  int64_t max_length = 0;  // 0: a linear model, which reads all of a text
  std::string truncation;  // "head" or "head_tail"
  int64_t model_bytes = 0;
  int64_t parameters_total = 0;
  int64_t parameters_encoder = 0;
  std::optional<double> encoder_flops_per_input;  // at max_length, where the manifest has it
  std::optional<records::MetricValue> accuracy;
  int64_t accuracy_reviews = 0;  // size of the test set; 0 where the manifest does not say
  std::string test_set;          // "imdb test" and its hash: what makes two accuracies comparable; empty: not stated
  std::optional<double> training_share;  // of the training split
  std::string against_floor;             // its accuracy against the linear model's (floor.h); empty: nothing to say
  std::string against_floor_short;       // the same in a few words
  ModelFacts facts;

  // Loading.
  int64_t bytes_done = 0;
  int64_t bytes_total = 0;

  // The review as this model reads it: in tokens, or in words if it is linear.
  int64_t tokens = 0;        // with [CLS] and [SEP], after truncation
  int64_t tokens_whole = 0;  // before truncation
  bool truncated = false;

  // Results for the review last compared.
  int64_t units_compared = 0;  // tokens or words of it that were read
  std::optional<Verdict> verdict;
  std::optional<Runtime> runtime;  // that judged it; none for a linear model
  std::optional<double> warm_up_ms;
  std::vector<double> times_ms;
  int64_t runs_per_time = 1;  // above 1: each time is the mean of so many runs, as one is too short for the clock
  std::optional<TimeSummary> time;
  std::optional<TimeRatio> against_baseline;  // none for the baseline itself
  std::optional<Estimate> estimate;           // energy and carbon of one review
};

// Below which name a row's files are asked for.
inline const std::string& folder_of(const ModelRow& row) { return row.twin_of.empty() ? row.id : row.twin_of; }
inline bool is_linear(const ModelRow& row) { return row.architecture == records::Architecture::kLinear; }

enum class RunPhase { kIdle, kLoading, kWarmingUp, kTiming, kDone };

enum class Agreement { kNone, kAgree, kDisagree };

struct State {
  std::string catalog_problem;  // not empty: there is nothing to compare, and why
  bool catalog_read = false;
  std::vector<ModelRow> models;
  std::vector<std::string> notices;  // what went wrong outside one model, newest last
  RunPhase phase = RunPhase::kIdle;
  int repeats = 5;
  int runs_done = 0;
  int runs_planned = 0;
  int comparisons_finished = 0;  // since the page was opened, cancelled ones included
  int64_t text_bytes = 0;
  bool text_empty = true;
  bool results_are_stale = false;  // the text changed since the results were made
  Runtime runtime;
  std::string backend = "wasm";  // chosen for transformers: "wasm", "webgpu" or "core"
  Choices choices;
  bool calibrating = false;
  std::optional<Calibration> calibration;
  std::string device_id;
  std::string grid_id;
  Agreement agreement = Agreement::kNone;
  std::string headline;  // the result in one sentence; empty before one
  std::string floor;     // "Do you need a transformer here?", answered from the manifests; empty without a linear model
  uint64_t revision = 0;  // counts changes
};

}  // namespace coppice::compare
