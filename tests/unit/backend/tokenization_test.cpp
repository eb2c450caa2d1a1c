#include "native/backend/tokenization.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "native/prune/vocabulary.h"

namespace coppice::backend {
namespace {

text::Tokenizer tokenizer_of(const std::string& vocab_txt, text::TokenizerOptions options = {}) {
  Result<text::Tokenizer> made = text::Tokenizer::create(vocab_txt, options);
  EXPECT_TRUE(made.ok()) << made.status().message();
  return std::move(*made);
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return text.str();
}

std::vector<data::Review> reviews_of(const std::vector<std::string>& texts) {
  std::vector<data::Review> reviews(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) reviews[i].text = texts[i];
  return reviews;
}

std::vector<data::Review> reviews_of_jsonl(const std::string& path) {
  std::vector<std::string> texts;
  std::istringstream lines(content(path));
  for (std::string line; std::getline(lines, line);) texts.push_back(parse_json(line, path)->at("text"));
  return reviews_of(texts);
}

constexpr const char* kSpecial = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";

TEST(Tokenization, CountsWordsThatAreSplitFurtherAndUnknownOnes) {
  const text::Tokenizer there = tokenizer_of(std::string(kSpecial) + "ab\nabab\n##ab\na\n##b\n!\n");
  const text::Tokenizer here = tokenizer_of(std::string(kSpecial) + "ab\n##ab\na\n##b\n");
  // Words: abab, ab, !, x; then abab.
  const std::optional<OrderedJson> json = compare_tokenization(reviews_of({"abab ab! x", "abab"}), here, there);
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ((*json)["words"], 5);
  EXPECT_EQ((*json)["tokens"], 7);
  EXPECT_EQ((*json)["other_tokens"], 5);
  EXPECT_EQ((*json)["split_further"], 2);
  EXPECT_DOUBLE_EQ((*json)["split_further_share"].get<double>(), 0.4);
  EXPECT_EQ((*json)["unknown"], 2) << "! and x";
  EXPECT_EQ((*json)["other_unknown"], 1);
  EXPECT_EQ((*json)["unknown_here_only"], 1);
}

TEST(Tokenization, IsOfTheSameWordsOnly) {
  text::TokenizerOptions cased;
  cased.do_lower_case = false;
  const std::string vocabulary = std::string(kSpecial) + "ab\n";
  EXPECT_FALSE(
      compare_tokenization(reviews_of({"ab"}), tokenizer_of(vocabulary), tokenizer_of(vocabulary, cased)).has_value());
  EXPECT_TRUE(same_vocabulary(tokenizer_of(vocabulary), tokenizer_of(vocabulary, cased)));
  EXPECT_FALSE(same_vocabulary(tokenizer_of(vocabulary), tokenizer_of(vocabulary + "a\n")));
}

// BERT's own vocabulary trimmed to 400 film reviews, on texts of other kinds: words are spelled with more pieces, and
// none becomes unknown.
TEST(Tokenization, AVocabularyTrimmedToFilmsReadsOtherTextsWithoutNewUnknownWords) {
  const text::Tokenizer full = tokenizer_of(content("tests/golden/bert_uncased_vocab.txt"));
  const std::string tsv = content("tests/data/imdb_sample/train.tsv");
  const Result<prune::TrimmedVocabulary> trimmed =
      prune::trim_vocabulary(full, prune::count_tokens(full, {tsv}), /*min_count=*/2, /*keep_tokens=*/0);
  ASSERT_TRUE(trimmed.ok()) << trimmed.status().message();
  EXPECT_LT(trimmed->plan.tokens_after, full.vocab_size() / 2);
  const text::Tokenizer here = tokenizer_of(trimmed->vocab_txt);
  for (const char* path : {"tests/data/out_of_domain/sentences.jsonl", "tests/data/hard_prompts/prompts.jsonl"}) {
    const std::vector<data::Review> reviews = reviews_of_jsonl(path);
    EXPECT_GE(reviews.size(), 40U) << path;
    const std::optional<OrderedJson> json = compare_tokenization(reviews, here, full);
    ASSERT_TRUE(json.has_value()) << path;
    EXPECT_EQ((*json)["unknown_here_only"], 0) << path;
    EXPECT_EQ((*json)["unknown"], (*json)["other_unknown"]) << path;
    EXPECT_GT((*json)["split_further"].get<int>(), 0) << path;
    EXPECT_LT((*json)["split_further_share"].get<double>(), 0.4) << path << (*json).dump();
  }
}

}  // namespace
}  // namespace coppice::backend
