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

// On the quirk lines the library's Unicode tables are out of date. The expected ids are those of a separate reference
// in Python (tests/bench/tokenizer/make_quirks.py), which also lists each code point that differs.
TEST(TokenizerGolden, QuirkLinesFollowCurrentUnicode) {
  const std::vector<Json> golden = read_json_lines("tests/golden/tokenizer_golden.jsonl");
  std::vector<size_t> covered;
  size_t other_ids = 0;
  for (const Json& quirk : read_json_lines("tests/golden/tokenizer_quirks.jsonl")) {
    const auto line = quirk["line"].get<size_t>();
    covered.push_back(line);
    ASSERT_LE(line, golden.size());
    const Json& original = golden[line - 1];
    EXPECT_TRUE(original.value("quirk", false)) << "line " << line;
    EXPECT_EQ(quirk["library_ids"], original["ids"]) << "line " << line;
    const std::vector<int32_t> ids = bert_uncased().encode(original["text"].get<std::string>(), {}).input_ids;
    EXPECT_EQ(ids, ids_of(quirk["ids"])) << "line " << line << ": " << quirk["differs"];
    if (ids == ids_of(original["ids"])) continue;
    ++other_ids;
    EXPECT_FALSE(quirk["differs"].empty()) << "line " << line << ": other ids need a reason";
  }
  EXPECT_EQ(other_ids, 21U);
  std::vector<size_t> marked;
  for (size_t k = 0; k < golden.size(); ++k) {
    if (golden[k].value("quirk", false)) marked.push_back(k + 1);
  }
  EXPECT_EQ(covered, marked);
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
