#include "shared/text/truncation.h"

#include <string>

namespace coppice::text {

Result<Truncation> parse_truncation(std::string_view name) {
  if (name == "head") return Truncation::kHead;
  if (name == "head_tail") return Truncation::kHeadTail;
  return invalid_input("truncation '" + std::string(name) + "': expected head or head_tail");
}

std::string_view truncation_name(Truncation truncation) {
  return truncation == Truncation::kHeadTail ? "head_tail" : "head";
}

KeptTokens tokens_to_keep(uint32_t count, int max_length, Truncation truncation) {
  const uint32_t room = max_length > 2 ? static_cast<uint32_t>(max_length) - 2 : 0;
  if (count <= room) return {count, 0};
  if (truncation == Truncation::kHead) return {room, 0};
  const uint32_t head = room / 4;
  return {head, room - head};
}

}  // namespace coppice::text
