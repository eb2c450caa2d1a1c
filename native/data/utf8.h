// Well-formedness of UTF-8, with the place of the first fault for error messages.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace coppice::data {

// Offset of the first byte that is not well-formed UTF-8 (Unicode 15, table 3-7: no surrogates, no overlong forms,
// nothing past U+10FFFF); nothing when all of it is.
std::optional<size_t> first_invalid_utf8(std::string_view bytes);

// Number of code points of well-formed UTF-8.
size_t count_code_points(std::string_view text);

}  // namespace coppice::data
