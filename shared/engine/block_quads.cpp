#include "shared/engine/block_quads.h"

#include <algorithm>

#include "shared/engine/kernels/kernels.h"

namespace coppice::engine {
namespace {

// begin(first row, first input of the block) for each group, and then found(input) for each input of it that is not
// zero in all of its rows.
template <typename Begin, typename Found>
void each_block(std::span<const int8_t> weights, size_t rows, size_t depth, const Begin& begin, const Found& found) {
  for (size_t first = 0; first < depth; first += kernels::byte_block()) {
    const size_t end = std::min(first + kernels::byte_block(), depth);
    for (size_t row = 0; row < rows; row += 4) {
      begin(row, first);
      const size_t last = std::min(row + 4, rows);
      for (size_t k = first; k < end; ++k) {
        int any = 0;
        for (size_t r = row; r < last; ++r) any |= weights[r * depth + k];
        if (any != 0) found(k);
      }
    }
  }
}

}  // namespace

BlockQuads find_block_quads(std::span<const int8_t> weights, size_t rows, size_t depth) {
  BlockQuads quads;
  size_t row = 0;
  size_t first = 0;
  size_t inputs = 0;  // of the group
  const auto begin = [&](size_t first_row, size_t first_input) {
    row = first_row;
    first = first_input;
    inputs = 0;
    quads.begins.push_back(static_cast<uint32_t>(quads.inputs.size() / 4));
  };
  const auto found = [&](size_t k) {
    if (inputs % 4 == 0) {
      quads.values.resize(quads.values.size() + 16);
      quads.inputs.resize(quads.inputs.size() + 4);
    }
    quads.inputs[quads.inputs.size() - 4 + inputs % 4] = static_cast<uint16_t>((k - first) * kernels::token_tile());
    for (size_t r = row; r < std::min(row + 4, rows); ++r) {
      quads.values[quads.values.size() - 16 + 4 * (r - row) + inputs % 4] = weights[r * depth + k];
    }
    ++inputs;
  };
  each_block(weights, rows, depth, begin, found);
  quads.begins.push_back(static_cast<uint32_t>(quads.inputs.size() / 4));
  return quads;
}

size_t count_block_quads(std::span<const int8_t> weights, size_t rows, size_t depth) {
  size_t count = 0;
  size_t inputs = 0;
  each_block(
      weights, rows, depth, [&](size_t, size_t) { inputs = 0; }, [&](size_t) { count += inputs++ % 4 == 0 ? 1 : 0; });
  return count;
}

}  // namespace coppice::engine
