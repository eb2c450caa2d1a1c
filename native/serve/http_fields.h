// The request header fields that decide which bytes of a file are sent (RFC 9110), parsed without any HTTP library.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice::serve {

// How much the client wants a content coding ("br", "gzip"): its q value from 0 (refused or not named) to 1.
// "*" stands for codings that are not named; what cannot be parsed counts as refused.
double coding_preference(std::string_view accept_encoding, std::string_view coding);

// True if an If-None-Match field names this entity tag (weak comparison) or is "*".
bool matches_entity_tag(std::string_view if_none_match, std::string_view entity_tag);

// The part [first, last] of `size` bytes that one requested range means, -1 standing for an absent end as in "500-" or
// "-500". Nothing if no byte of it exists: the answer is then 416.
struct ByteRange {
  uint64_t first = 0;
  uint64_t last = 0;
};
std::optional<ByteRange> resolve_range(std::pair<int64_t, int64_t> requested, uint64_t size);

}  // namespace coppice::serve
