#include "shared/reviews/review_file.h"

#include <gtest/gtest.h>

namespace coppice::reviews {
namespace {

ReviewFile read(const std::string& name, std::string_view bytes) {
  Result<ReviewFile> file = parse_review_file(name, bytes);
  EXPECT_TRUE(file.ok()) << file.status().message();
  return file.ok() ? *file : ReviewFile{};
}

// The message of a file that must be refused.
std::string refusal(const std::string& name, std::string_view bytes) {
  const Result<ReviewFile> file = parse_review_file(name, bytes);
  EXPECT_FALSE(file.ok()) << name << " was accepted";
  return file.status().message();
}

void expect_says(const std::string& message, std::initializer_list<const char*> parts) {
  for (const char* part : parts) EXPECT_NE(message.find(part), std::string::npos) << part << " is not in: " << message;
}

TEST(ReviewFile, ATsvFileHasALabelATabAndText) {
  const ReviewFile file = read("a.tsv",
                               "\xEF\xBB\xBF"
                               "1\tA \"good\" film.\r\n\n0\tBad.");
  ASSERT_EQ(file.reviews.size(), 2U);
  EXPECT_EQ(file.reviews[0].text, "A \"good\" film.");
  EXPECT_EQ(file.reviews[0].label, 1);
  EXPECT_EQ(file.reviews[1].text, "Bad.");
  EXPECT_EQ(file.reviews[1].label, 0);
  EXPECT_EQ(file.reviews[1].line, 3);
  EXPECT_EQ(file.labelled, 2);
}

TEST(ReviewFile, ATsvFileMayHaveAHeaderInstead) {
  const ReviewFile file = read("sst2.TSV", "sentence\tlabel\nfine film\t1\nno idea\t\n");
  ASSERT_EQ(file.reviews.size(), 2U);
  EXPECT_EQ(file.reviews[0].text, "fine film");
  EXPECT_EQ(file.reviews[0].label, 1);
  EXPECT_FALSE(file.reviews[1].label.has_value());
  EXPECT_EQ(file.labelled, 1);
}

TEST(ReviewFile, ACsvFileHasAHeaderAndQuotedCells) {
  const ReviewFile file =
      read("imdb.csv", "id,Review,Sentiment\n1,\"Good, with a\nline end and \"\"quotes\"\"\",positive\n2,bad,Neg\n");
  ASSERT_EQ(file.reviews.size(), 2U);
  EXPECT_EQ(file.reviews[0].text, "Good, with a\nline end and \"quotes\"");
  EXPECT_EQ(file.reviews[0].label, 1);
  EXPECT_EQ(file.reviews[0].line, 2);
  EXPECT_EQ(file.reviews[1].label, 0);
  EXPECT_EQ(file.reviews[1].line, 4);
}

TEST(ReviewFile, JsonLinesAndJsonArraysHaveObjects) {
  const ReviewFile lines = read("r.jsonl",
                                "{\"text\":\"a\",\"label\":1,\"id\":7}\n\n{\"review\":\"b\",\"sentiment\":\"negative\"}"
                                "\n{\"text\":\"c\",\"label\":null}");
  ASSERT_EQ(lines.reviews.size(), 3U);
  EXPECT_EQ(lines.reviews[0].label, 1);
  EXPECT_EQ(lines.reviews[1].text, "b");
  EXPECT_EQ(lines.reviews[1].label, 0);
  EXPECT_EQ(lines.reviews[1].line, 3);
  EXPECT_FALSE(lines.reviews[2].label.has_value());
  const ReviewFile array = read("samples.json", "[{\"text\":\"a\",\"sentiment\":\"positive\"}, {\"text\":\"b\"}]");
  ASSERT_EQ(array.reviews.size(), 2U);
  EXPECT_EQ(array.reviews[1].line, 2);
}

TEST(ReviewFile, PlainTextIsAReviewALine) {
  const ReviewFile file = read("notes.txt", "One.\r\n   \r\nTwo \xC3\xA9.\n");
  ASSERT_EQ(file.reviews.size(), 2U);
  EXPECT_EQ(file.reviews[1].text, "Two \xC3\xA9.");
  EXPECT_EQ(file.reviews[1].line, 3);
  EXPECT_EQ(file.labelled, 0);
}

TEST(ReviewFile, ErrorsNameTheLineAndWhatWasExpected) {
  expect_says(refusal("a.tsv", "1\tgood\n2\tbad\n"), {"a.tsv, line 2", "\"2\"", "0 (negative)"});
  expect_says(refusal("a.tsv", "1\tgood\nno tab here\n"), {"line 2", "no tab"});
  expect_says(refusal("a.tsv", "1\tgood\tfilm\n"), {"line 1", "second tab"});
  expect_says(refusal("a.tsv", "1\tgood\n0\t  \n"), {"line 2", "empty"});
  expect_says(refusal("a.csv", "name,mark\nx,1\n"), {"a.csv, line 1", "text, review or sentence", "\"name\""});
  expect_says(refusal("a.csv", "text,label\ngood\n"), {"line 2", "1 cells", "2"});
  expect_says(refusal("a.csv", "text,label\ngood,maybe\n"), {"line 2", "\"maybe\""});
  expect_says(refusal("a.csv", "text\n\"never closed\n"), {"line 2", "never closed"});
  expect_says(refusal("a.jsonl", "{\"text\":\"a\"}\n{\"text\":"), {"a.jsonl, line 2"});
  expect_says(refusal("a.jsonl", "{\"words\":\"a\"}"), {"line 1", "no member text"});
  expect_says(refusal("a.jsonl", "{\"text\":\"a\",\"label\":2}"), {"line 1", "\"2\""});
  expect_says(refusal("a.jsonl", "[1]"), {"line 1", "object"});
  expect_says(refusal("a.json", "{\"text\":\"a\"}"), {"array", ".jsonl"});
  expect_says(refusal("a.json", "[{\"text\":\"a\"},3]"), {"review 2"});
}

TEST(ReviewFile, WhatIsNoListOfReviewsIsNamed) {
  expect_says(refusal("sheet.csv", "PK\x03\x04 and so on"), {"sheet.csv", "spreadsheet"});
  expect_says(refusal("a.txt", std::string_view("some\nte\0xt", 10)), {"line 2", "byte 0"});
  expect_says(refusal("a.txt", "fine\nc'est d\xE9j\xE0 vu\n"), {"line 2", "not UTF-8"});
  expect_says(refusal("a.txt",
                      "\xFF\xFE"
                      "a"),
              {"UTF-16"});
  expect_says(refusal("film.mp4", "text"), {"film.mp4", ".tsv"});
  expect_says(refusal("noending", "text"), {"noending", ".tsv"});
  expect_says(refusal("a.txt", ""), {"no review"});
  expect_says(refusal("a.csv", "text\n"), {"no review"});
  expect_says(refusal("a.txt", "\n \n"), {"no review"});
}

TEST(ReviewFile, LimitsAreToldAndHold) {
  expect_says(refusal("big.txt", std::string(50'000'000, 'a')), {"50.0 MB", "40.0 MB"});
  expect_says(refusal("one.txt", "short\n" + std::string(kMostBytesOfOne + 1, 'a')), {"line 2", "1.0 MB"});
  std::string many;
  for (size_t i = 0; i < kMostReviews; ++i) many += "a\n";
  EXPECT_EQ(read("many.txt", many).reviews.size(), kMostReviews);
  expect_says(refusal("many.txt", many + "a\n"), {"line 100001", "100000"});
}

TEST(ReviewFile, DeeplyNestedJsonIsRefusedNotCrashedOn) {
  expect_says(refusal("deep.json", std::string(100'000, '[')), {"deep.json"});
  expect_says(refusal("deep.jsonl", "{\"text\":" + std::string(100'000, '[')), {"line 1"});
}

}  // namespace
}  // namespace coppice::reviews
