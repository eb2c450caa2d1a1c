#include "shared/text/normalizer.h"

#include <gtest/gtest.h>

#include <string>

namespace coppice::text {
namespace {

std::string as_utf8(const NormalizedText& text) {
  std::string out;
  for (const char32_t c : text.code_points) append_utf8(c, out);
  return out;
}
std::string uncased(std::string_view text) { return as_utf8(normalize(text, {})); }

TEST(Normalizer, CleansThenSpacesThenStripsThenLowers) {
  EXPECT_EQ(uncased("N\u00e9\t\u00c0"), "ne a");
  EXPECT_EQ(uncased("a\x01\x0b\x7f\u0085\u200b\u00ad\ufeff\ufffd\ue000"
                    "b"),
            "ab");  // controls, format, private use
  EXPECT_EQ(uncased(std::string_view("a\0b", 3)), "ab");
  EXPECT_EQ(uncased("a\r\n\u00a0\u2028\u3000b"), "a     b");
  EXPECT_EQ(uncased("x\u4e2d\u6587y"), "x \u4e2d  \u6587 y");
  EXPECT_EQ(uncased("\U0002b820"), " \U0002b820 ");  // the library has a gap here
  EXPECT_EQ(uncased("\U0002ceb0"), "\U0002ceb0");    // extension F: not BERT's idea of CJK
  EXPECT_EQ(uncased("\uf900"), " \u8c48 ");          // compatibility ideograph, decomposed after the spaces
  EXPECT_EQ(uncased("\u03a3\u0391\u03a3"), "\u03c3\u03b1\u03c3");  // no final sigma
  EXPECT_EQ(uncased("\u0130"), "i");
  EXPECT_EQ(uncased("\ufb01\uff21"), "\ufb01\uff41");  // no compatibility folding
  EXPECT_EQ(uncased("\ud55c"), "\u1112\u1161\u11ab");  // Hangul stays apart
  EXPECT_EQ(uncased("\uac00"), "\u1100\u1161");
  EXPECT_EQ(uncased("\u2260"), "=");  // = with a stroke
  EXPECT_EQ(uncased("\u1fc1"), "\u00a8");
  EXPECT_EQ(uncased("\u0378"
                    "a\ufffe"),
            "a");  // unassigned
  EXPECT_EQ(uncased(""), "");
}

TEST(Normalizer, CasedModelsKeepCaseAndAccents) {
  const NormalizerOptions cased{.lowercase = false, .strip_accents = false};
  EXPECT_EQ(as_utf8(normalize("N\u00e9\t\u4e2d\u0130\ud55c", cased)), "N\u00e9  \u4e2d \u0130\ud55c");
  EXPECT_EQ(as_utf8(normalize("\u0130\u00c9", {.lowercase = true, .strip_accents = false})), "i\u0307\u00e9");
  EXPECT_EQ(as_utf8(normalize("\u0130\u00c9", {.lowercase = false, .strip_accents = true})), "IE");
  EXPECT_EQ(as_utf8(normalize("x\u4e2d", {.space_cjk_characters = false})), "x\u4e2d");
}

TEST(Normalizer, SpacingMarksAreOrderedByCombiningClass) {
  // U+302E has class 224, U+16FF0 class 6; both are spacing marks and stay.
  EXPECT_EQ(uncased("a\u302e\U00016ff0"), "a\U00016ff0\u302e");
  EXPECT_EQ(uncased("a\u302e\u0301\U00016ff0"), "a\U00016ff0\u302e");  // the accent between them goes
  EXPECT_EQ(uncased("a\u302eb\U00016ff0"), "a\u302eb\U00016ff0");      // a letter ends the run
  EXPECT_EQ(uncased("a\u302e \U00016ff0"), "a\u302e \U00016ff0");
  EXPECT_EQ(uncased("a\u302e\u034f\U00016ff0"), "a\u302e\U00016ff0");  // so does a mark of class 0, itself dropped
}

TEST(Normalizer, SpansAreTheBytesBehindEachCodePoint) {
  const NormalizedText text = normalize("N\u00e9\tA\u0301\xff\ud55c", {});
  EXPECT_EQ(as_utf8(text), "ne a\u1112\u1161\u11ab");
  const std::vector<Span> expected{{0, 1}, {1, 3}, {3, 4}, {4, 5}, {8, 11}, {8, 11}, {8, 11}};
  EXPECT_EQ(text.spans, expected);
}

TEST(Normalizer, InvalidBytesVanishAndSwallowNothing) {
  EXPECT_EQ(uncased("a\xff\xe2\x82"
                    "B\xed\xa0\x80\xc3\xa9"),
            "abe");
}

TEST(UnicodeTables, StateTheirVersion) { EXPECT_STREQ(unicode::kUnicodeVersion, "18.0.0"); }

}  // namespace
}  // namespace coppice::text
