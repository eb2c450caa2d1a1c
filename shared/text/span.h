// A half-open range of bytes in the text that was given.
#pragma once

#include <cstdint>

namespace coppice::text {

struct Span {
  uint32_t begin;
  uint32_t end;
  friend bool operator==(const Span&, const Span&) = default;
};

}  // namespace coppice::text
