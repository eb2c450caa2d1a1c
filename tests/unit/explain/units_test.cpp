#include "shared/explain/units.h"

#include <gtest/gtest.h>

#include <string>

#include "shared/linear/words.h"

namespace coppice::explain {
namespace {

std::string words_of(std::string_view text) {
  std::string joined;
  for (const text::Span word : find_units(text).words) {
    joined += (joined.empty() ? "" : "|") + std::string(text.substr(word.begin, word.end - word.begin));
  }
  return joined;
}

std::string sentences_of(std::string_view text) {
  std::string joined;
  for (const Sentence& sentence : find_units(text).sentences) {
    joined += (joined.empty() ? "" : "|") +
              std::string(text.substr(sentence.span.begin, sentence.span.end - sentence.span.begin));
  }
  return joined;
}

TEST(Units, WordsAreLettersWithInnerApostrophes) {
  EXPECT_EQ(words_of("It isn't good! A pity."), "It|isn't|good|!|A|pity");
  EXPECT_EQ(words_of("the dogs' \xE2\x80\x9Chouse\xE2\x80\x9D don\xE2\x80\x99t"), "the|dogs|house|don\xE2\x80\x99t");
  EXPECT_EQ(words_of("well-made, 3.5 stars"), "well|made|3|5|stars");
  EXPECT_EQ(words_of("What?! No"), "What|?!|No");
  EXPECT_EQ(words_of("good<br />film"), "good|film");
  EXPECT_EQ(words_of("a < b"), "a|b");
  EXPECT_EQ(words_of("\xE5\xA5\xBD\xE7\x89\x87 ok"), "\xE5\xA5\xBD|\xE7\x89\x87|ok");  // two ideographs
  EXPECT_EQ(words_of(""), "");
  EXPECT_EQ(words_of(" .,; "), "");
}

TEST(Units, SentencesEndAtMarksLineEndsAndMarkup) {
  EXPECT_EQ(sentences_of("It isn't good! A pity."), "It isn't good!|A pity.");
  EXPECT_EQ(sentences_of("He said \"Go.\" Then 3.5 hours\nof rain<br />and more"),
            "He said \"Go.\"|Then 3.5 hours|of rain|and more");
  EXPECT_EQ(sentences_of("no end"), "no end");
  EXPECT_EQ(sentences_of("  ...  "), "");
}

TEST(Units, ALongSentenceIsCutAtACommaOrAtItsLength) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "word ";
  text += "end, then ";
  for (int i = 0; i < 20; ++i) text += "more ";
  const Units units = find_units(text);
  ASSERT_EQ(units.sentences.size(), 2U);
  EXPECT_EQ(units.sentences[0].end_word, 21U);
  EXPECT_EQ(text[units.sentences[0].span.end - 1], ',');
  std::string plain;
  for (int i = 0; i < 60; ++i) plain += "word ";
  EXPECT_EQ(find_units(plain).sentences.size(), 3U);  // 24, 24, 12
}

TEST(Units, SentencesHoldEveryWordOnceAndInOrder) {
  for (const std::string text :
       {"One, two. Three! Four?! five: six", "a.b.c", "!", "word", "x\n\ny", "a <b> c </b> d."}) {
    const Units units = find_units(text);
    size_t next = 0;
    uint32_t end = 0;
    for (const Sentence& sentence : units.sentences) {
      EXPECT_EQ(sentence.first_word, next) << text;
      EXPECT_LT(sentence.first_word, sentence.end_word) << text;
      EXPECT_GE(sentence.span.begin, end) << text;
      for (size_t word = sentence.first_word; word < sentence.end_word; ++word) {
        EXPECT_GE(units.words[word].begin, sentence.span.begin) << text;
        EXPECT_LE(units.words[word].end, sentence.span.end) << text;
      }
      next = sentence.end_word;
      end = sentence.span.end;
    }
    EXPECT_EQ(next, units.words.size()) << text;
  }
}

TEST(Units, AreTheLinearModelsWordsWhereTextIsPlain) {
  const std::string text = "I didn't like it! The 'end', though, was fine - really?";
  size_t words = 0;
  linear::for_each_word(text, [&](uint64_t) { ++words; });
  EXPECT_EQ(find_units(text).words.size(), words);
}

TEST(Units, BytesThatAreNotUtf8DoNoHarm) { EXPECT_EQ(find_units("good \xFF\xFE film \xE2\x82").words.size(), 4U); }

}  // namespace
}  // namespace coppice::explain
