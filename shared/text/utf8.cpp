#include "shared/text/utf8.h"

namespace coppice::text {

DecodedCodePoint decode_utf8(std::string_view text, size_t position) {
  const auto byte = [&](size_t k) { return static_cast<uint8_t>(text[position + k]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};

  // How many bytes follow and what the first of them may be (Unicode standard, table 3-7).
  uint32_t following = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  char32_t code_point = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    following = 1;
    code_point = lead & 0x1FU;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    following = 2;
    code_point = lead & 0x0FU;
    if (lead == 0xE0) low = 0xA0;   // shorter forms exist
    if (lead == 0xED) high = 0x9F;  // surrogates
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    following = 3;
    code_point = lead & 0x07U;
    if (lead == 0xF0) low = 0x90;   // shorter forms exist
    if (lead == 0xF4) high = 0x8F;  // above U+10FFFF
  } else {
    return {kReplacementCharacter, 1, false};
  }

  const size_t available = text.size() - position;
  for (uint32_t k = 1; k <= following; ++k) {
    if (k >= available || byte(k) < low || byte(k) > high) return {kReplacementCharacter, k, false};
    code_point = (code_point << 6) | (byte(k) & 0x3FU);
    low = 0x80;
    high = 0xBF;
  }
  return {code_point, following + 1, true};
}

size_t find_invalid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const DecodedCodePoint decoded = decode_utf8(text, i);
    if (!decoded.valid) return i;
    i += decoded.length;
  }
  return std::string_view::npos;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const DecodedCodePoint decoded = decode_utf8(text, i);
    append_utf8(decoded.code_point, out);
    i += decoded.length;
  }
  return out;
}

void append_utf8(char32_t code_point, std::string& out) {
  if (code_point < 0x80) {
    out.push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code_point >> 6)));
    out.push_back(static_cast<char>(0x80 | (code_point & 0x3F)));
  } else if (code_point < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (code_point >> 12)));
    out.push_back(static_cast<char>(0x80 | ((code_point >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code_point & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (code_point >> 18)));
    out.push_back(static_cast<char>(0x80 | ((code_point >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((code_point >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code_point & 0x3F)));
  }
}

}  // namespace coppice::text
