#include "shared/text/utf8.h"

#include <gtest/gtest.h>

namespace coppice::text {
namespace {

TEST(Utf8, EveryScalarValueSurvivesWritingAndReading) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string bytes;
    append_utf8(c, bytes);
    const DecodedCodePoint decoded = decode_utf8(bytes, 0);
    ASSERT_TRUE(decoded.valid && decoded.code_point == c && decoded.length == bytes.size()) << std::hex << uint32_t{c};
  }
}

struct Case {
  std::string bytes;
  std::string expected;  // Python: bytes.decode("utf-8", errors="replace")
};

TEST(Utf8, InvalidBytesAreReplacedAsPythonDoes) {
  const std::string r = "\xEF\xBF\xBD";
  const Case cases[] = {
      {"a\xFF"
       "b",
       "a" + r + "b"},
      {"a\xE2\x82"
       "b",
       "a" + r + "b"},  // cut short: one
      {"\xE2\x82", r},  // cut short by the end
      {"\xF0\x9F\x98", r},
      {"\xF0\x9F\xE2\x82\xAC", r + "\xE2\x82\xAC"},  // cut short by a good sequence
      {"\xED\xA0\x80", r + r + r},                   // a surrogate: one each byte
      {"\xC0\xAF", r + r},                           // overlong
      {"\xE0\x80\xAF", r + r + r},
      {"\xF0\x8F\xBF\xBF", r + r + r + r},
      {"\xF4\x90\x80\x80", r + r + r + r},  // above U+10FFFF
      {"\xF5\x80", r + r},
      {"\x80\xBF", r + r},  // continuations alone
      {"\xC2", r},
      {std::string("\0", 1), std::string("\0", 1)},
      {"", ""},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(replace_invalid_utf8(c.bytes), c.expected) << testing::PrintToString(c.bytes);
    EXPECT_EQ(find_invalid_utf8(c.bytes) == std::string_view::npos, c.bytes == c.expected);
  }
  EXPECT_EQ(find_invalid_utf8("caf\xC3\xA9 \xC3("), 6U);
}

}  // namespace
}  // namespace coppice::text
