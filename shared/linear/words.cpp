#include "shared/linear/words.h"

namespace coppice::linear {

size_t end_of_markup(std::string_view text, size_t at) {
  size_t next = at + 1;
  if (next < text.size() && text[next] == '/') ++next;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (next >= text.size() || !is_letter(text[next])) return at;
  const size_t end = text.substr(next, kLongestMarkup).find_first_of("<>");
  if (end == std::string_view::npos || text[next + end] == '<') return at;
  return next + end + 1;
}

}  // namespace coppice::linear
