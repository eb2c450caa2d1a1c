#include "shared/text/tokenizer_config.h"

#include <gtest/gtest.h>

#include <string>

namespace coppice::text {
namespace {

constexpr std::string_view kVocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nA\na\n\u00e9\ne\n";

std::string tokenizer_json(const std::string& normalizer, const std::string& model = R"({"type":"WordPiece"})") {
  return R"({"normalizer":)" + normalizer + R"(,"pre_tokenizer":{"type":"BertPreTokenizer"},"model":)" + model + "}";
}

TEST(TokenizerConfig, ReadsTheSettings) {
  const auto options = [](std::string_view json) {
    const Result<TokenizerOptions> read = options_from_tokenizer_config(json, "tokenizer_config.json");
    EXPECT_TRUE(read.ok()) << read.status().message();
    return *read;
  };
  EXPECT_TRUE(options("{}").do_lower_case);
  EXPECT_TRUE(options("{}").strip_accents);
  EXPECT_FALSE(options(R"({"do_lower_case":false,"strip_accents":null})").strip_accents);
  EXPECT_TRUE(options(R"({"do_lower_case":false,"strip_accents":true})").strip_accents);
  EXPECT_FALSE(options(R"({"do_lower_case":true,"strip_accents":false})").strip_accents);
  EXPECT_FALSE(options(R"({"tokenize_chinese_chars":false})").tokenize_chinese_chars);
  EXPECT_TRUE(
      options(R"({"tokenizer_class":"DistilBertTokenizerFast","cls_token":{"content":"[CLS]"}})").do_lower_case);
  EXPECT_TRUE(options(R"({"tokenizer_class":"PreTrainedTokenizerFast","cls_token":"[CLS]"})").do_lower_case);
}

TEST(TokenizerConfig, RefusesWhatItDoesNotDo) {
  const auto message = [](std::string_view json) {
    const Result<TokenizerOptions> read = options_from_tokenizer_config(json, "model/tokenizer_config.json");
    EXPECT_FALSE(read.ok()) << json;
    return read.status().message();
  };
  EXPECT_NE(message(R"({"tokenizer_class":"GPT2Tokenizer"})").find("GPT2Tokenizer"), std::string::npos);
  EXPECT_NE(message(R"({"cls_token":"<s>"})").find("cls_token"), std::string::npos);
  EXPECT_NE(message(R"({"do_lower_case":"yes"})").find("do_lower_case"), std::string::npos);
  EXPECT_NE(message("[]").find("expected an object"), std::string::npos);
  EXPECT_NE(message("{").find("model/tokenizer_config.json"), std::string::npos);
}

TEST(TokenizerJson, ReadsTheSettings) {
  const auto options = [](const std::string& json) {
    const Result<TokenizerOptions> read = options_from_tokenizer_json(json, "tokenizer.json");
    EXPECT_TRUE(read.ok()) << read.status().message();
    return *read;
  };
  const TokenizerOptions cased = options(
      tokenizer_json(R"({"type":"BertNormalizer","lowercase":false,"strip_accents":null,"handle_chinese_chars":false})",
                     R"({"type":"WordPiece","max_input_chars_per_word":50})"));
  EXPECT_FALSE(cased.do_lower_case);
  EXPECT_FALSE(cased.strip_accents);
  EXPECT_FALSE(cased.tokenize_chinese_chars);
  EXPECT_EQ(cased.max_word_code_points, 50);
}

TEST(TokenizerJson, RefusesWhatItDoesNotDo) {
  const std::string bert = R"({"type":"BertNormalizer"})";
  for (const std::string& json :
       {tokenizer_json(R"({"type":"Lowercase"})"), tokenizer_json(bert, R"({"type":"BPE"})"), tokenizer_json("null"),
        tokenizer_json(R"({"type":"BertNormalizer","clean_text":false})"),
        tokenizer_json(bert, R"({"type":"WordPiece","continuing_subword_prefix":"@@"})"),
        tokenizer_json(bert, R"({"type":"WordPiece","max_input_chars_per_word":0})"), std::string("[]"),
        std::string("")}) {
    EXPECT_FALSE(options_from_tokenizer_json(json, "tokenizer.json").ok()) << json;
  }
}

TEST(TokenizerFiles, AreCombinedAndMustAgree) {
  const std::string cased_json = tokenizer_json(R"({"type":"BertNormalizer","lowercase":false})");
  const auto first_id = [](const TokenizerFiles& files) {
    const Result<Tokenizer> tokenizer = tokenizer_from_files(files);
    EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    return tokenizer ? tokenizer->encode("A", {}).input_ids[1] : -1;
  };
  EXPECT_EQ(first_id({kVocabulary, {}, {}}), 6);
  EXPECT_EQ(first_id({kVocabulary, R"({"do_lower_case":false})", {}}), 5);
  EXPECT_EQ(first_id({kVocabulary, {}, cased_json}), 5);
  EXPECT_EQ(first_id({kVocabulary, "{}", cased_json}), 5);
  const Result<Tokenizer> split = tokenizer_from_files({kVocabulary, R"({"do_lower_case":true})", cased_json});
  ASSERT_FALSE(split.ok());
  EXPECT_NE(split.status().message().find("disagree about lower-casing"), std::string::npos);
  EXPECT_FALSE(tokenizer_from_files({"a\n", {}, {}}).ok());
}

}  // namespace
}  // namespace coppice::text
