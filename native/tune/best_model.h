// The winner's model, in OUTPUT/best.
#pragma once

#include <filesystem>
#include <vector>

#include "native/tune/halving.h"
#include "shared/base/status.h"

namespace coppice::tune {

// Copies the winner's model from the first of `sources` that holds it to OUTPUT/best, replacing another winner's. Does
// nothing if it is there already. One process at a time (a lock on OUTPUT). An error if no source has the model.
Status keep_best(const RankedTrial& winner, const std::vector<std::filesystem::path>& sources,
                 const std::filesystem::path& output);

}  // namespace coppice::tune
