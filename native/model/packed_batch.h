// Reviews of different lengths in one batch, laid end to end: no padding is stored, computed or masked.
//
//   lengths 3 and 2:  input_ids    101 7592 102 | 101 102      shape (N = 5)
//                     position_ids   0    1   2 |   0   1      shape (N)
//                     offsets      {0, 3, 5}                   B + 1 entries
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace coppice::model {

struct PackedBatch {
  at::Tensor input_ids;          // (N) int64
  at::Tensor position_ids;       // (N) int64
  std::vector<int64_t> offsets;  // review b is rows [offsets[b], offsets[b + 1])

  [[nodiscard]] int64_t size() const { return static_cast<int64_t>(offsets.size()) - 1; }
  [[nodiscard]] int64_t tokens() const { return offsets.back(); }
};

// Each entry holds the ids of one review with [CLS] first; none may be empty.
PackedBatch pack(std::span<const std::span<const int32_t>> reviews);

}  // namespace coppice::model
