#include "native/export/tokenizer_files.h"

#include <gtest/gtest.h>

#include "native/io/file.h"
#include "shared/base/json.h"
#include "tests/unit/export/tiny_model.h"

namespace coppice {
namespace {

using testing::TemporaryFolder;

TEST(TokenizerFiles, WrittenFilesReadBackAsTheSameTokenizer) {
  const TemporaryFolder folder;
  text::TokenizerOptions options;
  options.do_lower_case = false;
  options.strip_accents = false;
  options.max_word_code_points = 50;
  const auto tokenizer = text::Tokenizer::create(testing::tiny_vocabulary() + "\"q\\\n", options);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  testing::must(write_file_atomically(folder.path() / "vocab.txt", testing::tiny_vocabulary() + "\"q\\\n"));
  testing::must(write_file_atomically(folder.path() / "tokenizer.json", tokenizer_json(*tokenizer)));
  testing::must(write_file_atomically(folder.path() / "tokenizer_config.json", tokenizer_config_json(*tokenizer, 12)));
  const auto read_back = read_tokenizer_files(folder.path());
  ASSERT_TRUE(read_back.ok()) << read_back.status().message();
  EXPECT_FALSE(read_back->options().do_lower_case);
  EXPECT_FALSE(read_back->options().strip_accents);
  EXPECT_EQ(read_back->options().max_word_code_points, 50);
  EXPECT_EQ(*read_model_max_length(folder.path()), 12);

  const auto json = parse_json(tokenizer_json(*tokenizer), "tokenizer.json");
  ASSERT_TRUE(json.ok()) << json.status().message();
  EXPECT_TRUE((*json)["truncation"].is_null());
  EXPECT_TRUE((*json)["padding"].is_null());
  EXPECT_EQ((*json)["model"]["vocab"]["\"q\\"], 12);
  EXPECT_EQ((*json)["added_tokens"].size(), 5U);
}

TEST(TokenizerFiles, FilesThatContradictEachOtherAreRefused) {
  const TemporaryFolder folder;
  const auto tokenizer = text::Tokenizer::create(testing::tiny_vocabulary());
  const auto refuse = [&](const std::string& vocabulary, const std::string& json, const std::string& expected) {
    testing::must(write_file_atomically(folder.path() / "vocab.txt", vocabulary));
    testing::must(write_file_atomically(folder.path() / "tokenizer.json", json));
    const auto read = read_tokenizer_files(folder.path());
    ASSERT_FALSE(read.ok());
    EXPECT_NE(read.status().message().find(expected), std::string::npos) << read.status().message();
  };
  const std::string json = tokenizer_json(*tokenizer);
  refuse(testing::tiny_vocabulary() + "more\n", json, "12 entries, but vocab.txt has 13");
  std::string swapped = testing::tiny_vocabulary();
  swapped.replace(swapped.find("good\nbad"), 8, "bad\ngood");
  refuse(swapped, json, "but not that line of vocab.txt");
  Json added = *parse_json(json, "tokenizer.json");
  added["added_tokens"].push_back({{"id", 5}, {"content", "good"}});
  refuse(testing::tiny_vocabulary(), dump_json(added), "only the special tokens");
}

}  // namespace
}  // namespace coppice
