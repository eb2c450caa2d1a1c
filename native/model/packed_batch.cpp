#include "native/model/packed_batch.h"

#include <ATen/Functions.h>

namespace coppice::model {

PackedBatch pack(std::span<const std::span<const int32_t>> reviews) {
  PackedBatch batch;
  batch.offsets.reserve(reviews.size() + 1);
  batch.offsets.push_back(0);
  for (const auto& review : reviews)
    batch.offsets.push_back(batch.offsets.back() + static_cast<int64_t>(review.size()));
  batch.input_ids = at::empty({batch.tokens()}, at::kLong);
  batch.position_ids = at::empty({batch.tokens()}, at::kLong);
  auto* ids = batch.input_ids.data_ptr<int64_t>();
  auto* positions = batch.position_ids.data_ptr<int64_t>();
  for (const auto& review : reviews) {
    for (size_t t = 0; t < review.size(); ++t) {
      *ids++ = review[t];
      *positions++ = static_cast<int64_t>(t);
    }
  }
  return batch;
}

}  // namespace coppice::model
