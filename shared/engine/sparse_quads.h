// The quads of a row of int8 weights (four inputs side by side) that are not all zero: what kernels::SparseQuads holds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace coppice::engine {

struct SparseQuad {
  uint8_t place = 0;  // within a block of inputs
  std::array<int8_t, 4> values{};
};

// Of a block of a row's inputs: from `first`, a multiple of 4, on `count` of them, at most 1024, or as many as there
// are; 0 after the row's last.
std::vector<SparseQuad> find_quads(std::span<const int8_t> row, size_t first, size_t count);

// Whether products of both with any bytes may be summed in 16 bits, as kernels::SparseQuads::paired states it.
bool fit_together(const SparseQuad& a, const SparseQuad& b);

// The same quads so ordered that each two of them, from the first on, fit together, with a quad of zeros beside one
// that no other fits: an even number. Products of all of them have the same sum.
std::vector<SparseQuad> paired(const std::vector<SparseQuad>& quads);

}  // namespace coppice::engine
