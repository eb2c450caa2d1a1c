// coppice evaluate and coppice predict, for whatever judges. Each prints its answer to standard output and its progress
// to standard error, and returns what the program turns into an exit code.
#pragma once

#include "native/backend/commands.h"
#include "native/backend/judge.h"
#include "native/cli/backend_options.h"
#include "shared/base/status.h"

namespace coppice::backend {

// Metrics with intervals of options.model on labelled reviews, also against another model; both are opened by `open`.
Status evaluate_with(const OpenJudge& open, const cli::EvaluateOptions& options, const Invocation& invocation);

// A verdict for each text.
Status predict_with(const OpenJudge& open, const cli::PredictOptions& options, const Invocation& invocation);

}  // namespace coppice::backend
