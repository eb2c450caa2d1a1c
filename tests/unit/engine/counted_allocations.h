// A test program that links counted_allocations.cpp counts every allocation of the C++ standard library.
#pragma once

#include <cstdint>

namespace coppice::engine {

int64_t allocations_so_far();

}  // namespace coppice::engine
