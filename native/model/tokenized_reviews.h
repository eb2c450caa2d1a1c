// Reviews as token ids, ready to be packed: what training and evaluation walk over.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "native/data/review.h"
#include "native/model/packed_batch.h"
#include "shared/text/tokenizer.h"

namespace coppice::model {

struct TokenizedReviews {
  std::vector<int32_t> ids;     // of all reviews, end to end
  std::vector<size_t> offsets;  // size() + 1 entries
  std::vector<int> labels;      // 0 negative, 1 positive
  int64_t truncated = 0;        // reviews longer than the longest input

  [[nodiscard]] size_t size() const { return labels.size(); }
  [[nodiscard]] int64_t tokens() const { return static_cast<int64_t>(ids.size()); }
  [[nodiscard]] std::span<const int32_t> review(size_t index) const {
    return std::span(ids).subspan(offsets[index], offsets[index + 1] - offsets[index]);
  }
};

TokenizedReviews tokenize(const text::Tokenizer& tokenizer, const std::vector<data::Review>& reviews,
                          const text::EncodeOptions& options);

// Spreads `order` over ceil(tokens / max_tokens) parts of nearly equal token counts (longest first to the lightest
// part; Graham 1969), so that workers finish together. Depends on the reviews only, not on the number of threads.
std::vector<std::vector<uint32_t>> balanced_micro_batches(const TokenizedReviews& reviews,
                                                          std::span<const uint32_t> order, int64_t max_tokens);

// Cuts 0..size-1 into runs of at most `max_tokens` tokens, in order (a longer single review stands alone).
std::vector<std::vector<uint32_t>> consecutive_batches(const TokenizedReviews& reviews, int64_t max_tokens);

PackedBatch pack_reviews(const TokenizedReviews& reviews, std::span<const uint32_t> indices);

}  // namespace coppice::model
