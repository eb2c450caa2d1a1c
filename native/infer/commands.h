// evaluate, predict and measure by the engine of the core (--engine core). Each prints its answer to standard output
// and its progress to standard error, and returns what the program turns into an exit code.
#pragma once

#include "native/backend/commands.h"
#include "native/cli/backend_options.h"
#include "shared/base/status.h"

namespace coppice::infer {

Status run_evaluate(const cli::EvaluateOptions& options, const backend::Invocation& invocation);
Status run_predict(const cli::PredictOptions& options, const backend::Invocation& invocation);
Status run_measure(const cli::MeasureOptions& options, const backend::Invocation& invocation);

}  // namespace coppice::infer
