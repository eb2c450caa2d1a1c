#include "native/prune/vocabulary.h"

#include <gtest/gtest.h>

namespace coppice::prune {
namespace {

constexpr const char* kVocabulary =
    "[PAD]\n[unused0]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n!\na\nb\n##a\n##b\nab\n##ab\nabba\nbaba\n\u00e9\n##\u00e9\n##\n#\n";

text::Tokenizer tokenizer() {
  Result<text::Tokenizer> made = text::Tokenizer::create(kVocabulary);
  EXPECT_TRUE(made.ok()) << made.status().message();
  return std::move(*made);
}

std::vector<std::string> words(const text::Tokenizer& tokenizer, std::string_view text) {
  std::vector<std::string> words;
  for (const int32_t id : tokenizer.encode(text, {}).input_ids) words.emplace_back(tokenizer.token(id));
  return words;
}

TEST(Vocabulary, KeepsWhatTheCorpusUsesAndEverySingleCharacter) {
  const text::Tokenizer before = tokenizer();
  const TokenCounts counts = count_tokens(before, {"abba abba!", "ab", "abba"});
  EXPECT_EQ(counts.total, 5);
  const Result<TrimmedVocabulary> trimmed = trim_vocabulary(before, counts, 2, 0);
  ASSERT_TRUE(trimmed.ok()) << trimmed.status().message();
  // Gone: [unused0], ab (once), ##ab, baba and the bare "##", which is two characters.
  EXPECT_EQ(trimmed->vocab_txt, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n!\na\nb\n##a\n##b\nabba\n\u00e9\n##\u00e9\n#\n");
  EXPECT_EQ(trimmed->kept, (std::vector<int32_t>{0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 15, 16, 18}));
  EXPECT_EQ(trimmed->plan.tokens_after, 14);
  EXPECT_EQ(trimmed->plan.fallback_tokens, 13);
  EXPECT_DOUBLE_EQ(trimmed->plan.coverage, 4.0 / 5.0);
}

TEST(Vocabulary, WordsWhoseTokenWentAreSpelledNotUnknown) {
  const text::Tokenizer before = tokenizer();
  const Result<TrimmedVocabulary> trimmed = trim_vocabulary(before, count_tokens(before, {"abba"}), 1, 0);
  const Result<text::Tokenizer> after = text::Tokenizer::create(trimmed->vocab_txt);
  ASSERT_TRUE(after.ok()) << after.status().message();
  using Words = std::vector<std::string>;
  EXPECT_EQ(words(before, "baba"), (Words{"[CLS]", "baba", "[SEP]"}));
  EXPECT_EQ(words(*after, "baba"), (Words{"[CLS]", "b", "##a", "##b", "##a", "[SEP]"}));
  EXPECT_EQ(words(*after, "abba"), (Words{"[CLS]", "abba", "[SEP]"}));
  EXPECT_EQ(words(*after, "xyz"), words(before, "xyz")) << "unknown before, unknown after";
}

TEST(Vocabulary, ASizeKeepsTheMostFrequent) {
  const text::Tokenizer before = tokenizer();
  const TokenCounts counts = count_tokens(before, {"baba abba abba ab ab ab"});
  const Result<TrimmedVocabulary> trimmed = trim_vocabulary(before, counts, 1, 15);
  ASSERT_TRUE(trimmed.ok()) << trimmed.status().message();
  EXPECT_EQ(trimmed->plan.tokens_after, 15);
  EXPECT_NE(trimmed->vocab_txt.find("\nab\n"), std::string::npos);
  EXPECT_NE(trimmed->vocab_txt.find("\nabba\n"), std::string::npos);
  EXPECT_EQ(trimmed->vocab_txt.find("\nbaba\n"), std::string::npos);
  const Result<TrimmedVocabulary> more_than_there_is = trim_vocabulary(before, counts, 1, 1000);
  EXPECT_EQ(more_than_there_is->plan.tokens_after, 16);
}

TEST(Vocabulary, WhatCannotBeIsRefused) {
  const text::Tokenizer before = tokenizer();
  const TokenCounts counts = count_tokens(before, {"ab"});
  EXPECT_EQ(trim_vocabulary(before, counts, 0, 0).status().code(), StatusCode::kInvalidUsage);
  const Result<TrimmedVocabulary> few = trim_vocabulary(before, counts, 1, 12);
  EXPECT_EQ(few.status().code(), StatusCode::kInvalidUsage);
  EXPECT_NE(few.status().message().find("are 13 already"), std::string::npos) << few.status().message();
}

}  // namespace
}  // namespace coppice::prune
