// Which of the baseline and the sweep's best the pruned models come from, and its folder.
#pragma once

#include <string>

#include "shared/base/status.h"

namespace coppice::lifecycle {

// Copies to `target` whichever has the higher accuracy on the validation reviews, then the lower loss, then the
// baseline. Both must have been validated on the same reviews. What was chosen and why, for people.
Result<std::string> choose_dense(const std::string& baseline, const std::string& tuned, const std::string& target);

}  // namespace coppice::lifecycle
