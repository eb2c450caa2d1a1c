// The recorded outputs of Hugging Face tokenizers (tests/golden/README.md).
#include <gtest/gtest.h>

#include "tests/unit/text/text_fixtures.h"

namespace coppice::text {
namespace {

TEST(TokenizerGolden, EveryLineThatIsNoQuirkIsEqual) {
  int compared = 0;
  int line = 0;
  for (const Json& golden : read_json_lines("tests/golden/tokenizer_golden.jsonl")) {
    ++line;
    if (golden.value("quirk", false)) continue;
    const auto text = golden["text"].get<std::string>();
    EXPECT_EQ(bert_uncased().encode(text, {}).input_ids, ids_of(golden["ids"])) << "line " << line << ": " << text;
    EXPECT_EQ(bert_uncased().encode(text, {.with_offsets = false}).input_ids, ids_of(golden["ids"]));
    ++compared;
  }
  EXPECT_EQ(compared, 574);
}

TEST(TokenizerGolden, TruncationKeepsTheHead) {
  int compared = 0;
  for (const Json& golden : read_json_lines("tests/golden/pair_golden.jsonl")) {
    const auto text = golden["text"].get<std::string>();
    for (const int max_length : {128, 256}) {
      const Json& expected = golden[std::to_string(max_length)];
      const Encoding encoding = bert_uncased().encode(text, {.max_length = max_length});
      EXPECT_EQ(encoding.input_ids, ids_of(expected["ids"])) << text;
      EXPECT_EQ(encoding.input_ids.size(), expected["attention_mask_len"].get<size_t>());
      EXPECT_EQ(encoding.offsets.size(), encoding.input_ids.size());
      EXPECT_EQ(encoding.truncated, expected["truncated"].get<bool>());
      EXPECT_EQ(encoding.tokens_before_truncation, golden["n_full"].get<uint32_t>());
      ++compared;
    }
  }
  EXPECT_EQ(compared, 40);
}

}  // namespace
}  // namespace coppice::text
