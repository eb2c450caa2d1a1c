// train-linear, and evaluate and predict of a linear model. Each prints its answer to standard output and its progress
// to standard error, and returns what the program turns into an exit code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "native/backend/commands.h"
#include "native/cli/backend_options.h"
#include "native/cli/energy_options.h"
#include "shared/base/status.h"

namespace coppice::linear {

struct TrainLinearOptions {
  std::string data;
  std::string output;
  int64_t train_limit = 0;
  int64_t validation_limit = 0;
  int64_t max_ngram = 2;
  std::string weighting = "binary";
  std::string norm = "l2";
  double naive_bayes_smoothing = 0.1;
  int64_t min_texts = 2;
  // Each combination of these two is fitted; the validation reviews choose.
  std::vector<int64_t> hash_bits = {20, 21, 22};
  std::vector<double> l2 = {3e-7, 1e-6, 3e-6};
  int max_passes = 100;
  cli::EnergyOptions energy;
  int threads = 0;
  bool json = false;
};

Status run_train_linear(const TrainLinearOptions& options, const backend::Invocation& invocation);
Status run_evaluate(const cli::EvaluateOptions& options, const backend::Invocation& invocation);
Status run_predict(const cli::PredictOptions& options, const backend::Invocation& invocation);

}  // namespace coppice::linear
