// UTF-8: decoding that never fails, validation, and writing.
//
// Bytes that are not UTF-8 are read as U+FFFD, one for each maximal subpart, as Python's decode(errors="replace"), the
// WHATWG decoder and the Unicode standard (section 3.9) do:
//   "a\xFFb"          -> a U+FFFD b
//   "a\xE2\x82" "b"   -> a U+FFFD b            a sequence cut short is one subpart
//   "\xED\xA0\x80"    -> U+FFFD U+FFFD U+FFFD  surrogates, overlong forms and values above U+10FFFF: one each byte
// The normaliser then drops U+FFFD, so such bytes vanish from the text; they never swallow a good byte after them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coppice::text {

constexpr char32_t kReplacementCharacter = 0xFFFD;

struct DecodedCodePoint {
  char32_t code_point;  // kReplacementCharacter for bytes that are not UTF-8
  uint32_t length;      // bytes read, 1 to 4
  bool valid;           // false tells such a U+FFFD from one that is written in the text
};

// Decodes the code point at `position`, which must be less than text.size().
DecodedCodePoint decode_utf8(std::string_view text, size_t position);

// Offset of the first byte that is not UTF-8, or std::string_view::npos.
size_t find_invalid_utf8(std::string_view text);

// The same text with each maximal invalid subpart replaced by U+FFFD.
std::string replace_invalid_utf8(std::string_view text);

// Appends `code_point`, which must be a Unicode scalar value.
void append_utf8(char32_t code_point, std::string& out);

}  // namespace coppice::text
