// The stable hash as text, for files.
#pragma once

#include <string>
#include <string_view>

#include "shared/base/stable_hash.h"

namespace coppice {

// 16 lower-case hexadecimal digits.
inline std::string hex_hash(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  uint64_t hash = stable_hash(bytes);
  for (size_t i = text.size(); i-- > 0; hash >>= 4) text[i] = kDigits[hash & 15];
  return text;
}

}  // namespace coppice
