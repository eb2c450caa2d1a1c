#include "native/records/quick_json.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace coppice::records {
namespace {

std::string content(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(QuickJson, ReadsEveryRecordOfThisRepositoryAsTheOtherParserDoes) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("models")) {
    if (entry.path().extension() != ".json") continue;
    const std::string text = content(entry.path());
    const auto quick = quick_parse_json(text, "file");
    const auto plain = parse_json(text, "file");
    ASSERT_EQ(quick.ok(), plain.ok()) << entry.path();
    // As text: 1 and 1.0 are equal as values.
    EXPECT_EQ(dump_json(*quick), dump_json(*plain)) << entry.path();
    ++files;
  }
  EXPECT_GT(files, 20U);
}

TEST(QuickJson, SaysWhatTheOtherParserSays) {
  const std::string deep = std::string(128, '[') + std::string(128, ']');
  const std::string deeper = std::string(129, '[') + std::string(129, ']');
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("{\"a\":1}x"), std::string("\xEF\xBB\xBF{\"a\":1}"),
        std::string("{\"a\":1,\"a\":2}"),
        std::string("[18446744073709551615,18446744073709551616,-9223372036854775808]"), std::string("[-0,-0.0,1e400]"),
        std::string("[1e-400,0.1,123456789.123456789]"), std::string("\"\xFF\""), std::string("[\"\\ud800\"]"),
        std::string("{\"a\\u0000b\":\"\\u0000\"}"), std::string("{}\0", 3), deep, deeper, std::string("null"),
        std::string("[01]"), std::string("[1,]"), std::string("\t{ }\n")}) {
    const auto quick = quick_parse_json(text, "file");
    const auto plain = parse_json(text, "file");
    ASSERT_EQ(quick.ok(), plain.ok()) << text;
    if (plain.ok()) {
      EXPECT_EQ(dump_json(*quick), dump_json(*plain)) << text;
      if (quick->is_array() && !quick->empty()) {
        EXPECT_EQ((*quick)[0].type(), (*plain)[0].type()) << text;
      }
    } else {
      EXPECT_EQ(quick.status().message(), plain.status().message()) << text;
    }
  }
}

}  // namespace
}  // namespace coppice::records
