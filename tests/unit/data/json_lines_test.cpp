#include "native/data/json_lines.h"

#include <gtest/gtest.h>

#include "native/data/dataset.h"

namespace coppice::data {
namespace {

std::string json_lines_error(const std::string& text) {
  const auto lines = parse_json_lines(text, "t.jsonl");
  EXPECT_FALSE(lines.ok()) << text;
  return lines.ok() ? "" : lines.status().message();
}

TEST(JsonLines, ReadsLabelsKindsAndIds) {
  const auto lines = parse_json_lines(
      "{\"text\":\"Fine.\",\"label\":1,\"id\":\"a\",\"kind\":\"sarcasm\"}\r\n\n"
      "{\"text\":\"Dull.\",\"label\":\"negative\"}\n{\"text\":\"A film.\",\"id\":\"neither\"}",
      "t.jsonl");
  ASSERT_TRUE(lines.ok()) << lines.status().message();
  ASSERT_EQ(lines->size(), 2U);  // who has no label is no test
  EXPECT_EQ((*lines)[0].review.id, "a");
  EXPECT_EQ((*lines)[0].review.label, 1);
  EXPECT_EQ((*lines)[0].kind, "sarcasm");
  EXPECT_EQ((*lines)[1].review.id, "t.jsonl:3");
  EXPECT_EQ((*lines)[1].review.label, 0);
  EXPECT_EQ((*lines)[1].kind, "");
}

TEST(JsonLines, ErrorsNameTheLine) {
  EXPECT_NE(json_lines_error("{\"text\":\"a\",\"label\":1}\n{\"text\":").find("t.jsonl:2"), std::string::npos);
  EXPECT_NE(json_lines_error("{\"label\":1}").find("text"), std::string::npos);
  EXPECT_NE(json_lines_error("{\"text\":\" \",\"label\":1}").find("empty"), std::string::npos);
  EXPECT_NE(json_lines_error("{\"text\":\"a\",\"label\":2}").find("label"), std::string::npos);
  EXPECT_NE(json_lines_error("{\"text\":\"\xC3\",\"label\":1}").find("UTF-8"), std::string::npos);
  EXPECT_NE(json_lines_error("{\"text\":\"a\",\"label\":1,\"id\":\"x\"}\n{\"text\":\"b\",\"label\":1,\"id\":\"x\"}")
                .find("t.jsonl:1"),
            std::string::npos);
  EXPECT_NE(json_lines_error("").find("no labelled review"), std::string::npos);
}

TEST(JsonLines, TheHardPromptsAreATestSetAndNothingElse) {
  const char* file = "tests/data/hard_prompts/prompts.jsonl";
  const auto reviews = read_reviews(file, Split::kTest);
  ASSERT_TRUE(reviews.ok()) << reviews.status().message();
  EXPECT_EQ(reviews->size(), 50U);
  const auto lines = read_json_lines(file);
  ASSERT_TRUE(lines.ok());
  for (const LabelledLine& line : *lines) EXPECT_NE(line.kind, "") << line.review.id;
  const auto train = read_reviews(file, Split::kTrain);
  EXPECT_EQ(train.status().code(), StatusCode::kInvalidUsage);
}

}  // namespace
}  // namespace coppice::data
