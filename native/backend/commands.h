// The work of the subcommands that need libtorch. Each prints its answer to standard output and its progress to
// standard error, and returns what `coppice` turns into an exit code.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "native/cli/backend_options.h"
#include "shared/base/status.h"

namespace coppice::backend {

struct Invocation {
  std::vector<std::string> arguments;    // as typed, for run records
  const std::atomic<bool>* interrupted;  // set by Ctrl-C and SIGTERM
};

// --threads N of each is the size of the worker pool.
Status run_train(const cli::TrainOptions& options, const Invocation& invocation);
Status run_calibrate(const cli::CalibrateOptions& options, const Invocation& invocation);
Status run_evaluate(const cli::EvaluateOptions& options, const Invocation& invocation);
Status run_predict(const cli::PredictOptions& options, const Invocation& invocation);
Status run_measure(const cli::MeasureOptions& options, const Invocation& invocation);
Status run_prune(const cli::PruneOptions& options, const Invocation& invocation);

}  // namespace coppice::backend
