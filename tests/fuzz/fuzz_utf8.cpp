// Decoding reads every byte once, and replacing gives valid UTF-8 that stays as it is.
#include <cstdint>
#include <string_view>

#include "shared/text/utf8.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coppice::text;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  bool all_valid = true;
  std::string rebuilt;
  for (size_t i = 0; i < text.size();) {
    const DecodedCodePoint decoded = decode_utf8(text, i);
    FUZZ_CHECK(decoded.length >= 1 && decoded.length <= 4 && i + decoded.length <= text.size());
    FUZZ_CHECK(decoded.code_point <= 0x10FFFF && (decoded.code_point < 0xD800 || decoded.code_point > 0xDFFF));
    if (decoded.valid) {
      std::string bytes;
      append_utf8(decoded.code_point, bytes);
      FUZZ_CHECK(bytes == text.substr(i, decoded.length));
    }
    all_valid = all_valid && decoded.valid;
    append_utf8(decoded.code_point, rebuilt);
    i += decoded.length;
  }
  FUZZ_CHECK(all_valid == (find_invalid_utf8(text) == std::string_view::npos));
  const std::string replaced = replace_invalid_utf8(text);
  FUZZ_CHECK(replaced == rebuilt);
  FUZZ_CHECK(find_invalid_utf8(replaced) == std::string_view::npos);
  FUZZ_CHECK(replace_invalid_utf8(replaced) == replaced);
  return 0;
}
