// int8 weights without 4x1 blocks of zeros (four outputs, one input): what kernels::Int8BlockRows holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace coppice::engine {

// An entry is four inputs that are not zero in all of four rows, in the order of the inputs; of what is left of a group
// fewer, and zeros for the others.
struct BlockQuads {
  std::vector<int8_t> values;    // 16 an entry
  std::vector<uint16_t> inputs;  // four an entry, within the block, times kernels::token_tile()
  std::vector<uint32_t> begins;
};
// weights: (rows, depth), row-major. In blocks of kernels::byte_block() inputs.
BlockQuads find_block_quads(std::span<const int8_t> weights, size_t rows, size_t depth);
// How many entries that has.
size_t count_block_quads(std::span<const int8_t> weights, size_t rows, size_t depth);

}  // namespace coppice::engine
