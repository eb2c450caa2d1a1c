#include "shared/linear/words.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace coppice::linear {
namespace {

std::vector<uint64_t> hashes(const std::string& text) {
  std::vector<uint64_t> found;
  for_each_word(text, [&](uint64_t hash) { found.push_back(hash); });
  return found;
}

// The hashes these words have when each is read alone.
std::vector<uint64_t> words(const std::vector<std::string>& list) {
  std::vector<uint64_t> found;
  for (const std::string& word : list) {
    const std::vector<uint64_t> one = hashes(word);
    EXPECT_EQ(one.size(), 1U) << word;
    found.insert(found.end(), one.begin(), one.end());
  }
  return found;
}

TEST(Words, AreRunsBetweenSpacesAndPunctuation) {
  EXPECT_EQ(hashes("It was  good, I\tthink; (really)."), words({"it", "was", "good", "i", "think", "really"}));
  EXPECT_EQ(hashes("10/10 well-made"), words({"10", "10", "well", "made"}));
  EXPECT_TRUE(hashes("").empty());
  EXPECT_TRUE(hashes(" ... -- \n").empty());
}

TEST(Words, ExclamationAndQuestionMarksAreWords) {
  EXPECT_EQ(hashes("good!! bad?"), words({"good", "!", "!", "bad", "?"}));
  EXPECT_NE(hashes("!"), hashes("?"));
}

TEST(Words, ApostrophesInsideAWordBelongToIt) {
  EXPECT_EQ(hashes("don't 'quoted' rock'n'roll dogs'"), words({"don't", "quoted", "rock'n'roll", "dogs"}));
  EXPECT_EQ(hashes("don\u2019t"), hashes("don't"));
  EXPECT_NE(hashes("don't"), hashes("dont"));
  EXPECT_EQ(hashes("a ' b"), words({"a", "b"}));
}

TEST(Words, CaseAndAccentsAreLost) { EXPECT_EQ(hashes("GOOD Caf\u00e9 NA\u00cfVE"), words({"good", "cafe", "naive"})); }

TEST(Words, MarkupIsWhiteSpace) {
  EXPECT_EQ(hashes("good<br /><br />bad"), words({"good", "bad"}));
  EXPECT_EQ(hashes("an <i>old</i> film"), words({"an", "old", "film"}));
  // What only looks like it is text.
  EXPECT_EQ(hashes("a < b and c > d"), words({"a", "b", "and", "c", "d"}));
  EXPECT_EQ(hashes("<3 it"), words({"3", "it"}));
  EXPECT_EQ(hashes("<br good <b>x"), words({"br", "good", "x"}));
  EXPECT_EQ(hashes("<" + std::string(100, 'x') + "> end").size(), 2U);
  EXPECT_EQ(hashes("<"), std::vector<uint64_t>());
  EXPECT_EQ(hashes("</"), std::vector<uint64_t>());
}

TEST(Words, BytesThatAreNotUtf8AreDropped) {
  EXPECT_EQ(hashes("go\xFFod \xE2\x82"), words({"good"}));
  EXPECT_EQ(hashes(std::string("a\0b", 3)), words({"ab"}));
}

TEST(Words, HashesAreRecorded) {
  // Worked out apart (FNV-1a and SplitMix64's finaliser in Python). A change would make every trained model's weights
  // mean something else: then the name in config.json must change.
  EXPECT_EQ(hashes("good"), std::vector<uint64_t>{0xf70a82b6c2693f3fULL});
  EXPECT_EQ(hashes("don't"), std::vector<uint64_t>{0xdc70291ff8088970ULL});
}

}  // namespace
}  // namespace coppice::linear
