#include "native/model/tokenized_reviews.h"

#include <algorithm>

namespace coppice::model {

TokenizedReviews tokenize(const text::Tokenizer& tokenizer, const std::vector<data::Review>& reviews,
                          const text::EncodeOptions& options) {
  TokenizedReviews out;
  out.offsets.push_back(0);
  text::Encoding encoding;
  for (const data::Review& review : reviews) {
    tokenizer.encode_into(review.text, options, encoding);
    out.ids.insert(out.ids.end(), encoding.input_ids.begin(), encoding.input_ids.end());
    out.offsets.push_back(out.ids.size());
    out.labels.push_back(review.label);
    out.truncated += encoding.truncated ? 1 : 0;
  }
  return out;
}

std::vector<std::vector<uint32_t>> balanced_micro_batches(const TokenizedReviews& reviews,
                                                          std::span<const uint32_t> order, int64_t max_tokens) {
  const auto length = [&](uint32_t index) { return static_cast<int64_t>(reviews.review(index).size()); };
  int64_t total = 0;
  for (const uint32_t index : order) total += length(index);
  const auto parts = static_cast<size_t>(std::max<int64_t>(1, (total + max_tokens - 1) / max_tokens));

  std::vector<uint32_t> longest_first(order.begin(), order.end());
  std::stable_sort(longest_first.begin(), longest_first.end(),
                   [&](uint32_t a, uint32_t b) { return length(a) > length(b); });
  std::vector<std::vector<uint32_t>> batches(std::min(parts, order.size()));
  std::vector<int64_t> tokens(batches.size(), 0);
  for (const uint32_t index : longest_first) {
    const auto lightest = static_cast<size_t>(std::min_element(tokens.begin(), tokens.end()) - tokens.begin());
    batches[lightest].push_back(index);
    tokens[lightest] += length(index);
  }
  return batches;
}

std::vector<std::vector<uint32_t>> consecutive_batches(const TokenizedReviews& reviews, int64_t max_tokens) {
  std::vector<std::vector<uint32_t>> batches;
  int64_t tokens = 0;
  for (size_t i = 0; i < reviews.size(); ++i) {
    const auto length = static_cast<int64_t>(reviews.review(i).size());
    if (batches.empty() || tokens + length > max_tokens) {
      batches.emplace_back();
      tokens = 0;
    }
    batches.back().push_back(static_cast<uint32_t>(i));
    tokens += length;
  }
  return batches;
}

PackedBatch pack_reviews(const TokenizedReviews& reviews, std::span<const uint32_t> indices) {
  std::vector<std::span<const int32_t>> rows;
  rows.reserve(indices.size());
  for (const uint32_t index : indices) rows.push_back(reviews.review(index));
  return pack(rows);
}

}  // namespace coppice::model
