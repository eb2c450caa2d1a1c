#include "shared/base/csv.h"

#include <gtest/gtest.h>

namespace coppice {
namespace {

using Cells = std::vector<std::string>;

// All records, or the message of the first error.
Result<std::vector<CsvRecord>> read_all(std::string_view text) {
  CsvReader reader(text, "t.csv");
  std::vector<CsvRecord> records;
  for (;;) {
    COPPICE_ASSIGN_OR_RETURN(auto record, reader.next());
    if (!record) return records;
    records.push_back(std::move(*record));
  }
}

TEST(Csv, ReadsCellsOfEveryKind) {
  const auto records = read_all(
      "\xEF\xBB\xBF"
      "a,b,c\r\n\"x, y\",\"say \"\"hi\"\"\",\n\n\"two\nlines\",,last");
  ASSERT_TRUE(records.ok()) << records.status().message();
  ASSERT_EQ(records->size(), 3U);
  EXPECT_EQ((*records)[0].cells, (Cells{"a", "b", "c"}));
  EXPECT_EQ((*records)[1].cells, (Cells{"x, y", "say \"hi\"", ""}));
  EXPECT_EQ((*records)[1].line, 2U);
  EXPECT_EQ((*records)[2].cells, (Cells{"two\nlines", "", "last"}));
  EXPECT_EQ((*records)[2].line, 4U);
}

TEST(Csv, NothingIsNoRecord) {
  for (const std::string text : {"", "\n", "\r\n\r\n", "\xEF\xBB\xBF"}) {
    const auto records = read_all(text);
    ASSERT_TRUE(records.ok());
    EXPECT_TRUE(records->empty());
  }
  EXPECT_EQ(read_all(",")->at(0).cells, (Cells{"", ""}));
}

TEST(Csv, BrokenTextIsAnErrorThatSaysWhere) {
  const struct {
    std::string text;
    const char* message;
  } cases[] = {
      {"a,b\n1,\"2", "t.csv, line 2, cell 2: the quote that opens here is never closed"},
      {"a,b\n\"1\"2,3\n", "line 2, cell 1: text after the closing quote"},
      {"a\nb\"c\"\n", "line 2, cell 1: a quote inside a cell"},
      {"a\rb\n", "line 1, cell 1: a carriage return"},
      {std::string("a,b\n1,\0\n", 8), "line 2, cell 2: holds a byte 0"},
      {std::string("a\n\"\0\"\n", 6), "line 2, cell 1: holds a byte 0"},
      {std::string("\xFF\xFE"
                   "a\0",
                   4),
       "UTF-16"},
      {"\"a\nb\"\nx\"", "line 3, cell 1"},
  };
  for (const auto& broken : cases) {
    const auto records = read_all(broken.text);
    ASSERT_FALSE(records.ok()) << broken.message;
    EXPECT_EQ(records.status().code(), StatusCode::kInvalidInput);
    EXPECT_NE(records.status().message().find(broken.message), std::string::npos) << records.status().message();
  }
}

TEST(Csv, WhatIsWrittenIsReadBackCellForCell) {
  const std::vector<std::string> cells = {"plain", "", "a,b", "say \"no\"", "two\nlines", "\r", " blank ", "ümlaut"};
  std::string text;
  for (const std::string& cell : cells) text += (text.empty() ? "" : ",") + csv_cell(cell);
  const auto records = read_all(text + "\n");
  ASSERT_TRUE(records.ok()) << records.status().message();
  ASSERT_EQ(records->size(), 1U);
  EXPECT_EQ((*records)[0].cells, cells);
  EXPECT_EQ(csv_cell("plain"), "plain");
}

TEST(Csv, TextThatASpreadsheetWouldRunGetsAnApostrophe) {
  EXPECT_EQ(csv_text_cell("=1+2"), "'=1+2");
  EXPECT_EQ(csv_text_cell("+49"), "'+49");
  EXPECT_EQ(csv_text_cell("-cmd"), "'-cmd");
  EXPECT_EQ(csv_text_cell("@SUM(A1,A2)"), "\"'@SUM(A1,A2)\"");
  EXPECT_EQ(csv_text_cell("\t=1"), "'\t=1");
  EXPECT_EQ(csv_text_cell("\n=1"), "\"'\n=1\"");
  EXPECT_EQ(csv_text_cell("a = b, c"), "\"a = b, c\"");
  EXPECT_EQ(csv_text_cell(""), "");
}

}  // namespace
}  // namespace coppice
