#include "shared/text/vocabulary.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/text/text_fixtures.h"

namespace coppice::text {
namespace {

const std::string kSpecials = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";

std::string refusal(std::string_view vocab_txt) {
  const Result<Vocabulary> vocabulary = Vocabulary::parse(vocab_txt);
  EXPECT_FALSE(vocabulary.ok());
  if (vocabulary.ok()) return "accepted";
  EXPECT_EQ(vocabulary.status().code(), StatusCode::kInvalidInput);
  return vocabulary.status().message();
}

TEST(Vocabulary, IdsAreLineNumbers) {
  for (const std::string newline : {"\n", "\r\n"}) {
    std::string text = "[PAD]" + newline + "caf\u00e9" + newline + "[UNK]" + newline + "[CLS]" + newline + "[SEP]" +
                       newline + "[MASK]" + newline + "##ed";
    for (const bool final_newline : {false, true}) {
      if (final_newline) text += newline;
      const Result<Vocabulary> vocabulary = Vocabulary::parse(text);
      ASSERT_TRUE(vocabulary.ok()) << vocabulary.status().message();
      EXPECT_EQ(vocabulary->size(), 7);
      EXPECT_EQ(vocabulary->token(1), "caf\u00e9");
      EXPECT_EQ(vocabulary->token(6), "##ed");
      EXPECT_EQ(vocabulary->token(7), "");
      EXPECT_EQ(vocabulary->token(-1), "");
      EXPECT_EQ(vocabulary->find("caf\u00e9"), 1);
      EXPECT_EQ(vocabulary->find("cafe"), -1);
      EXPECT_EQ(vocabulary->special_ids().mask, 5);
    }
  }
}

TEST(Vocabulary, EveryTokenOfBertIsFoundUnderItsId) {
  const Vocabulary& vocabulary = bert_uncased().vocabulary();
  ASSERT_EQ(vocabulary.size(), 30522);
  for (int32_t id = 0; id < vocabulary.size(); ++id) ASSERT_EQ(vocabulary.find(vocabulary.token(id)), id);
  EXPECT_EQ(vocabulary.special_ids().cls, 101);
}

TEST(Vocabulary, RefusalsNameTheLine) {
  EXPECT_NE(refusal("").find("empty"), std::string::npos);
  EXPECT_NE(refusal("hello\nworld\n").find("lacks [PAD], [UNK], [CLS], [SEP], [MASK]"), std::string::npos);
  EXPECT_NE(refusal("[PAD]\n[UNK]\n[CLS]\n[MASK]\na\n").find("lacks [SEP];"), std::string::npos);
  EXPECT_NE(refusal(kSpecials + "a\nb\na\n").find("'a' twice, on line 6 and line 8"), std::string::npos);
  EXPECT_NE(refusal(kSpecials + "a\n\nb\n").find("line 7 is empty"), std::string::npos);
  EXPECT_NE(refusal(kSpecials + "a\n\xff\n").find("not UTF-8 at byte 33 (line 7)"), std::string::npos);
  EXPECT_NE(refusal("\xEF\xBB\xBF" + kSpecials).find("byte order mark"), std::string::npos);
  EXPECT_NE(refusal(std::string(1000, '\0')).find("lacks"), std::string::npos);
}

}  // namespace
}  // namespace coppice::text
