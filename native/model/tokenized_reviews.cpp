#include "native/model/tokenized_reviews.h"

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

std::vector<std::span<const uint32_t>> micro_batches(const TokenizedReviews& reviews, std::span<const uint32_t> order,
                                                     int64_t max_tokens) {
  std::vector<std::span<const uint32_t>> batches;
  size_t begin = 0;
  int64_t tokens = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    const auto length = static_cast<int64_t>(reviews.review(order[i]).size());
    if (i > begin && tokens + length > max_tokens) {
      batches.push_back(order.subspan(begin, i - begin));
      begin = i;
      tokens = 0;
    }
    tokens += length;
  }
  if (begin < order.size()) batches.push_back(order.subspan(begin));
  return batches;
}

PackedBatch pack_reviews(const TokenizedReviews& reviews, std::span<const uint32_t> indices) {
  std::vector<std::span<const int32_t>> rows;
  rows.reserve(indices.size());
  for (const uint32_t index : indices) rows.push_back(reviews.review(index));
  return pack(rows);
}

}  // namespace coppice::model
