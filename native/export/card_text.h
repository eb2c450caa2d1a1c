// Numbers as a model card writes them.
#pragma once

#include <cstdint>
#include <string>

namespace coppice {

// 22713986 -> "22,713,986"; not below 0.
inline std::string grouped(int64_t value) {
  std::string text = std::to_string(value);
  for (size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

}  // namespace coppice
