// Where coppice-torch is, and the environment it is started in: the same for commands it replaces and for those that
// run it as a child.
#pragma once

#include <string>

#include "shared/base/status.h"

namespace coppice::cli {

// The program beside this one, or where COPPICE_TORCH_PROGRAM points. Sets backend_environment() in this process, which
// it hands down.
Result<std::string> prepare_backend();

}  // namespace coppice::cli
