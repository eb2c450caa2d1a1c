#include "shared/reviews/packed_reviews.h"

namespace coppice::reviews {
namespace {

constexpr size_t kHeadBytes = 12;
constexpr uint32_t kNoLabel = 2;

void put(uint32_t value, std::string& out) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift & 0xFF);
}

uint32_t take(std::string_view& bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  bytes.remove_prefix(4);
  return value;
}

}  // namespace

std::string pack_reviews(const ReviewFile& file) {
  size_t size = 0;
  for (const Review& review : file.reviews) size += kHeadBytes + review.text.size();
  std::string packed;
  packed.reserve(size);
  for (const Review& review : file.reviews) {
    put(static_cast<uint32_t>(review.line), packed);
    put(review.label ? static_cast<uint32_t>(*review.label) : kNoLabel, packed);
    put(static_cast<uint32_t>(review.text.size()), packed);
    packed += review.text;
  }
  return packed;
}

Status add_packed_reviews(std::string_view packed, ReviewFile& file) {
  while (!packed.empty()) {
    if (packed.size() < kHeadBytes) return invalid_input("packed reviews end within a record's head");
    const uint32_t line = take(packed);
    const uint32_t label = take(packed);
    const uint32_t length = take(packed);
    if (label > kNoLabel) return invalid_input("packed reviews: a label is " + std::to_string(label));
    if (length == 0 || length > kMostBytesOfOne || length > packed.size()) {
      return invalid_input("packed reviews: a text of " + std::to_string(length) + " bytes, " +
                           std::to_string(packed.size()) + " are left");
    }
    if (file.reviews.size() == kMostReviews) return invalid_input("packed reviews: more than a set may have");
    Review& review = file.reviews.emplace_back();
    review.text = packed.substr(0, length);
    review.line = line;
    if (label != kNoLabel) {
      review.label = static_cast<int>(label);
      ++file.labelled;
    }
    packed.remove_prefix(length);
  }
  return {};
}

}  // namespace coppice::reviews
