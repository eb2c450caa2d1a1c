#include "shared/base/json.h"

#include <gtest/gtest.h>

namespace coppice {
namespace {

TEST(ParseJson, SaysWhereAndInWhichLine) {
  const Result<Json> document = parse_json("{\n  \"a\": 1,\n  \"b\": }\n", "manifest.json");
  ASSERT_FALSE(document.ok());
  EXPECT_NE(document.status().message().find("manifest.json"), std::string::npos);
  EXPECT_NE(document.status().message().find("line 3"), std::string::npos) << document.status().message();
}

TEST(ParseJson, RefusesDeepNestingButNotBracketsInStrings) {
  EXPECT_FALSE(parse_json(std::string(100000, '['), "x").ok());
  EXPECT_TRUE(parse_json("\"" + std::string(1000, '[') + "\\\"[\"", "x").ok());
}

TEST(JsonReader, KeepsTheFirstErrorWithItsPath) {
  const Json document = {{"bytes", "many"}, {"n", 3}};
  JsonReader reader(document, "manifest.json: files[0]");
  EXPECT_EQ(reader.integer("n"), 3);
  EXPECT_TRUE(reader.status().ok());
  EXPECT_EQ(reader.integer("bytes"), 0);
  EXPECT_EQ(reader.string("missing"), "");
  EXPECT_EQ(reader.status().message(), "manifest.json: files[0]: bytes: expected an integer, found a string");
}

TEST(JsonReader, OptionalMembersFallBackOnlyWhenAbsentOrNull) {
  const Json document = {{"a", nullptr}, {"b", "text"}};
  JsonReader reader(document, "x");
  EXPECT_EQ(reader.integer_or("a", 7), 7);
  EXPECT_EQ(reader.integer_or("c", 8), 8);
  EXPECT_TRUE(reader.status().ok());
  EXPECT_EQ(reader.integer_or("b", 9), 0);
  EXPECT_FALSE(reader.status().ok());
}

TEST(JsonReader, RefusesIntegersOver64Bits) {
  const Result<Json> document = parse_json("{\"n\": 18446744073709551615}", "x");
  ASSERT_TRUE(document.ok());
  JsonReader reader(*document, "x");
  reader.integer("n");
  EXPECT_FALSE(reader.status().ok());
}

TEST(DumpJson, ReplacesBytesThatAreNotUtf8) { EXPECT_EQ(dump_json(Json("a\xff")), "\"a\xEF\xBF\xBD\""); }

}  // namespace
}  // namespace coppice
