#include "shared/text/pre_tokenizer.h"

#include <algorithm>

namespace coppice::text {

Span WordBuffer::raw_span(uint32_t begin, uint32_t end) const {
  const auto first = std::lower_bound(starts_.begin(), starts_.end(), begin) - starts_.begin();
  const auto last = std::lower_bound(starts_.begin(), starts_.end(), end) - starts_.begin();
  Span span = spans_[static_cast<size_t>(first)];
  for (auto k = first + 1; k < last; ++k) {
    const Span next = spans_[static_cast<size_t>(k)];
    span.begin = std::min(span.begin, next.begin);
    span.end = std::max(span.end, next.end);
  }
  return span;
}

}  // namespace coppice::text
