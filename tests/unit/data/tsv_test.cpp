#include "native/data/tsv.h"

#include "tests/unit/data/fixtures.h"

namespace coppice::data {
namespace {

class TsvTest : public FolderTest {};

std::string tsv_error(const std::string& bytes) {
  const auto reviews = parse_tsv(bytes, "x.tsv");
  EXPECT_FALSE(reviews.ok());
  if (reviews.ok()) return "";
  EXPECT_EQ(reviews.status().code(), StatusCode::kInvalidInput);
  return reviews.status().message();
}

TEST_F(TsvTest, QuotesAndBackslashesAreCharacters) {
  write("r.tsv", "1\t\"Good\" she said\n0\tit\\'s \\t bad\n");
  const auto reviews = read_tsv(folder_ / "r.tsv");
  ASSERT_TRUE(reviews.ok()) << reviews.status().message();
  ASSERT_EQ(reviews->size(), 2U);
  EXPECT_EQ((*reviews)[0].text, "\"Good\" she said");
  EXPECT_EQ((*reviews)[0].label, 1);
  EXPECT_EQ((*reviews)[1].text, "it\\'s \\t bad");
  EXPECT_EQ((*reviews)[1].id, "r.tsv:2");
}

TEST_F(TsvTest, ByteOrderMarkCrlfEmptyLinesAndMissingLastLineEndAreAccepted) {
  const auto reviews = parse_tsv(
      "\xEF\xBB\xBF"
      "1\ta\r\n\r\n\n0\tb \xC3\xA9",
      "x.tsv");
  ASSERT_TRUE(reviews.ok()) << reviews.status().message();
  ASSERT_EQ(reviews->size(), 2U);
  EXPECT_EQ((*reviews)[0].text, "a");
  EXPECT_EQ((*reviews)[1].text, "b \xC3\xA9");
  EXPECT_EQ((*reviews)[1].id, "x.tsv:4") << "lines are counted with the empty ones";
}

TEST_F(TsvTest, ErrorsNameTheLine) {
  EXPECT_NE(tsv_error("1\tgood\nno tab here\n").find("x.tsv:2: no tab"), std::string::npos);
  EXPECT_NE(tsv_error("label\ttext\n1\tgood\n").find("x.tsv:1: the label is \"label\""), std::string::npos);
  EXPECT_NE(tsv_error("1\tgood\n2\tbad\n").find("x.tsv:2: the label is \"2\""), std::string::npos);
  EXPECT_NE(tsv_error("1\tgood\n0\t \n").find("x.tsv:2: the text is empty"), std::string::npos);
  EXPECT_NE(tsv_error("1\tgood\tbetter\n").find("x.tsv:1: a second tab"), std::string::npos);
  EXPECT_NE(tsv_error("1\tok\n0\tb\xFFz\n").find("x.tsv:2: byte 4 of the line is not UTF-8"), std::string::npos);
  EXPECT_NE(tsv_error(std::string("1\ta\0b\n", 6)).find("x.tsv:1: a NUL byte"), std::string::npos);
  EXPECT_NE(tsv_error("").find("no review"), std::string::npos);
  EXPECT_NE(tsv_error("\n\n").find("no review"), std::string::npos);
}

TEST_F(TsvTest, ALineOfAMegabyteAndControlCharactersAreRead) {
  const std::string text = std::string(1 << 20, 'a') + "\x01\x7F";
  const auto reviews = parse_tsv("0\t" + text + "\n", "x.tsv");
  ASSERT_TRUE(reviews.ok());
  EXPECT_EQ((*reviews)[0].text, text);
}

TEST_F(TsvTest, WhatIsWrittenIsReadBack) {
  const std::vector<Review> reviews = {{"two\tcolumns\r\nand lines", 1, "a"}, {"plain \"text\"", 0, "b"}};
  const auto back = parse_tsv(format_tsv(reviews), "x.tsv");
  ASSERT_TRUE(back.ok());
  EXPECT_EQ((*back)[0].text, "two columns  and lines");
  EXPECT_EQ((*back)[0].label, 1);
  EXPECT_EQ((*back)[1].text, "plain \"text\"");
}

TEST_F(TsvTest, AMissingFileIsNotFound) {
  EXPECT_EQ(read_tsv(folder_ / "none.tsv").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace coppice::data
