// Last stage: [CLS] and [SEP] round the tokens, and the choice of those kept when the text is too long.
#pragma once

#include <cstdint>
#include <string_view>

#include "shared/base/status.h"

namespace coppice::text {

enum class Truncation {
  kHead,      // the first tokens
  kHeadTail,  // a quarter of the room from the head, the rest from the tail: a review's verdict is often at its end
};

// "head" or "head_tail".
Result<Truncation> parse_truncation(std::string_view name);
std::string_view truncation_name(Truncation truncation);

// How many of the text's `count` tokens to keep at each end, so that with [CLS] and [SEP] there are at most
// `max_length`. The room is max_length - 2, and none below that.
struct KeptTokens {
  uint32_t head;
  uint32_t tail;
};
KeptTokens tokens_to_keep(uint32_t count, int max_length, Truncation truncation);

}  // namespace coppice::text
