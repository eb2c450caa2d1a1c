// coppice measure: time and energy of single inferences. Models take turns prompt by prompt and repeat by repeat, so
// that drift of the machine falls on all alike.
#pragma once

#include "native/backend/commands.h"
#include "native/backend/measured_model.h"

namespace coppice::backend {

using MeasuredModels = std::vector<std::unique_ptr<MeasuredModel>>;

// Opens the models of the options, times them, records and prints the answer. `threads`: what records state.
Status measure_models(const cli::MeasureOptions& options, const Invocation& invocation, int threads,
                      const ModelOpener& open);

}  // namespace coppice::backend
