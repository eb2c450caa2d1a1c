// The order in which a sparse kernel takes the rows of a block of inputs: kernels::SparseRows::order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace coppice::engine {

// order: as many numbers as there are rows. By how many entries each row has, the fewest first, those of as many as
// they stood; within windows of kernels::kRowWindow rows.
void order_rows(std::span<const size_t> entries_of, uint8_t* order);

}  // namespace coppice::engine
