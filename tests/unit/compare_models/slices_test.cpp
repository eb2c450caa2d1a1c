#include "native/compare/slices.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace coppice::compare_models {
namespace {

using Words = std::vector<std::string>;

TEST(Slices, WordsByTheStatedRule) {
  EXPECT_EQ(words_of("It ISN'T <br />good, is it?"), (Words{"it", "isn't", "good", "is", "it"}));
  EXPECT_EQ(words_of("don\xE2\x80\x99t 'quote' rock'n'roll'"), (Words{"don't", "quote", "rock'n'roll"}));
  EXPECT_EQ(words_of("caf\xC3\xA9-bar 2 < 3"), (Words{"caf\xC3\xA9", "bar", "2", "3"}));
  EXPECT_EQ(words_of(" ' -- "), Words{});
}

TEST(Slices, NegationAndContrastByTheirLists) {
  for (const char* word : {"not", "never", "isn't", "couldn't", "dont", "cannot", "nor", "without"}) {
    EXPECT_TRUE(is_negation(word)) << word;
  }
  for (const char* word : {"knot", "nothingness", "noted", "but", "want", "n"}) EXPECT_FALSE(is_negation(word)) << word;
  for (const char* word : {"but", "however", "though", "yet", "albeit"}) EXPECT_TRUE(is_contrast(word)) << word;
  for (const char* word : {"butter", "thought", "while", "not"}) EXPECT_FALSE(is_contrast(word)) << word;
  const LexicalCounts counts = count_words("Not good, but not bad: never dull, though it isn't deep.");
  EXPECT_EQ(counts.words, 11);
  EXPECT_EQ(counts.negations, 4);
  EXPECT_EQ(counts.contrasts, 2);
}

TEST(Slices, EachFamilyHoldsEachReviewOnce) {
  const std::vector<int> labels = {0, 1, 1, 0};
  ReviewTraits traits;
  traits.counts = {{100, 0, 0}, {101, 1, 2}, {400, 4, 3}, {401, 3, 1}};
  traits.kinds = {"b", "a", "b", ""};
  const std::vector<Slice> slices = make_slices(labels, traits);
  std::map<std::string, std::vector<uint32_t>> families;
  for (const Slice& slice : slices) {
    auto& members = families[slice.family];
    members.insert(members.end(), slice.members.begin(), slice.members.end());
  }
  for (const char* family : {"label", "words", "negation", "contrast"}) {
    std::vector<uint32_t>& members = families[family];
    std::sort(members.begin(), members.end());
    EXPECT_EQ(members, (std::vector<uint32_t>{0, 1, 2, 3})) << family;
  }
  EXPECT_EQ(slices[2].name, "up to 100 words");
  EXPECT_EQ(slices[2].members, (std::vector<uint32_t>{0}));
  EXPECT_EQ(slices[4].members, (std::vector<uint32_t>{2}));
  EXPECT_EQ(slices[slices.size() - 2].name, "a");
  EXPECT_EQ(slices.back().members, (std::vector<uint32_t>{0, 2}));
}

TEST(Slices, WithoutTextsOnlyTheLabelIsKnown) {
  const std::vector<Slice> slices = make_slices(std::vector<int>{1, 1}, {});
  ASSERT_EQ(slices.size(), 2U);
  EXPECT_TRUE(slices[0].members.empty());
  EXPECT_EQ(slices[1].members.size(), 2U);
}

}  // namespace
}  // namespace coppice::compare_models
