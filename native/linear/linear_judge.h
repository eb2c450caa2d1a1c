// The linear model as a judge of reviews (native/backend/judge.h).
#pragma once

#include <memory>
#include <string>

#include "native/backend/judge.h"
#include "shared/base/status.h"

namespace coppice::linear {

// Every file is checked against its sha256 first. threads 0: one per core.
Result<std::unique_ptr<backend::Judge>> open_linear_judge(const std::string& path, int threads);

}  // namespace coppice::linear
