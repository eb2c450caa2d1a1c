#include "shared/explain/occlusion.h"

#include <gtest/gtest.h>

#include <cmath>

#include "shared/explain/units.h"

namespace coppice::explain {
namespace {

text::Tokenizer tokenizer() {
  auto made = text::Tokenizer::create(
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nfilm\ngood\nbad\nnot\n##ly\n.\n'\nis\nn\nt\n##n\n");
  EXPECT_TRUE(made.ok());
  return *made;
}

TEST(Occlusion, LeavingTokensOutIsWhatReadingTheShorterTextGives) {
  const text::Tokenizer bert = tokenizer();
  for (const std::string text : {"a goodly film. not bad", "isn't bad", "good film.", "not"}) {
    const text::Encoding whole = bert.encode(text, {});
    for (const text::Span word : find_units(text).words) {
      EXPECT_EQ(without_tokens(whole, word), bert.encode(without_bytes(text, word), {}).input_ids)
          << text << " without " << text.substr(word.begin, word.end - word.begin);
    }
  }
}

TEST(Occlusion, OfATextCutShortNothingMovesIntoTheGap) {
  text::EncodeOptions options;
  options.max_length = 6;
  options.truncation = text::Truncation::kHeadTail;
  const std::string text = "good a a a a a film not bad";
  const text::Encoding encoding = tokenizer().encode(text, options);  // good ... film not bad
  ASSERT_EQ(encoding.input_ids, (std::vector<int32_t>{2, 7, 6, 9, 8, 3}));
  const std::vector<text::Span> words = find_units(text).words;
  EXPECT_EQ(without_tokens(encoding, words[7]), (std::vector<int32_t>{2, 7, 6, 8, 3}));
  EXPECT_TRUE(reads_any(encoding, words[0]));
  EXPECT_FALSE(reads_any(encoding, words[2]));
  EXPECT_EQ(without_tokens(encoding, words[2]), encoding.input_ids);
}

TEST(Occlusion, WordsOnBothSidesStayApart) { EXPECT_EQ(without_bytes("good!bad", {4, 5}), "good bad"); }

TEST(Occlusion, TheMarginIsTheLogOdds) {
  EXPECT_DOUBLE_EQ(margin({-1.0, 2.0}), 3.0);
  EXPECT_DOUBLE_EQ(probability_of(0), 0.5);
  EXPECT_NEAR(probability_of(margin({0, 1})) / probability_of(margin({1, 0})), std::exp(1.0), 1e-12);
}

}  // namespace
}  // namespace coppice::explain
