#include "native/data/utf8.h"

#include <algorithm>
#include <cstdint>

namespace coppice::data {

std::optional<size_t> first_invalid_utf8(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const auto continuation = [&](size_t i, uint8_t low, uint8_t high) {
    return i < bytes.size() && byte(i) >= low && byte(i) <= high;
  };
  size_t i = 0;
  while (i < bytes.size()) {
    const uint8_t lead = byte(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    size_t length = 0;
    // The second byte's range depends on the lead: this is what rules out overlong forms and surrogates.
    uint8_t low = 0x80;
    uint8_t high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      length = 3;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      length = 4;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    } else {
      return i;
    }
    if (!continuation(i + 1, low, high)) return i;
    for (size_t k = 2; k < length; ++k) {
      if (!continuation(i + k, 0x80, 0xBF)) return i;
    }
    i += length;
  }
  return std::nullopt;
}

size_t count_code_points(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

}  // namespace coppice::data
