// The order in which an epoch visits the reviews.
#pragma once

#include <cstdint>
#include <vector>

namespace coppice::train {

// A permutation of 0..count-1 that depends on seed and epoch only, the same on every platform (Fisher-Yates on
// SplitMix64; the standard library's shuffle differs between implementations).
std::vector<uint32_t> epoch_order(size_t count, uint64_t seed, int64_t epoch);

}  // namespace coppice::train
