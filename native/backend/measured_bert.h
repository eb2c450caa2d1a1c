// BERT timed by libtorch, or a linear model by the core, as the folder says.
#pragma once

#include "native/backend/measured_model.h"
#include "native/model/worker_pool.h"

namespace coppice::backend {

// `pool` must outlive the model.
Result<std::unique_ptr<MeasuredModel>> open_measured_bert(const std::filesystem::path& folder,
                                                          const std::vector<Prompt>& prompts, model::WorkerPool& pool);

}  // namespace coppice::backend
