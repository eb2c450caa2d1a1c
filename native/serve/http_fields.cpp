#include "native/serve/http_fields.h"

#include <algorithm>
#include <charconv>

namespace coppice::serve {
namespace {

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Cuts the text before the first `separator` off `rest`.
std::string_view next_item(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view item = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trimmed(item);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

double coding_preference(std::string_view accept_encoding, std::string_view coding) {
  double any = 0;
  while (!accept_encoding.empty()) {
    std::string_view item = next_item(accept_encoding, ',');
    const std::string_view name = next_item(item, ';');
    double quality = 1;
    while (!item.empty()) {
      const std::string_view parameter = next_item(item, ';');
      if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
      const std::string_view digits = parameter.substr(2);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), quality);
      const bool valid = error == std::errc() && end == digits.data() + digits.size() && quality >= 0 && quality <= 1;
      if (!valid) quality = 0;
    }
    if (equal_ignoring_case(name, coding)) return quality;
    if (name == "*") any = quality;
  }
  return any;
}

bool matches_entity_tag(std::string_view if_none_match, std::string_view entity_tag) {
  while (!if_none_match.empty()) {
    std::string_view item = next_item(if_none_match, ',');
    if (item == "*") return true;
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == entity_tag) return true;
  }
  return false;
}

std::optional<ByteRange> resolve_range(std::pair<int64_t, int64_t> requested, uint64_t size) {
  const auto [first, last] = requested;
  if (size == 0 || (first < 0 && last <= 0)) return std::nullopt;  // "-0" and "-" mean no byte
  if (first < 0) return ByteRange{size - std::min(size, static_cast<uint64_t>(last)), size - 1};
  if (static_cast<uint64_t>(first) >= size) return std::nullopt;
  const uint64_t end = last < 0 ? size - 1 : std::min(static_cast<uint64_t>(last), size - 1);
  if (end < static_cast<uint64_t>(first)) return std::nullopt;
  return ByteRange{static_cast<uint64_t>(first), end};
}

}  // namespace coppice::serve
