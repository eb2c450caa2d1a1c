#include "native/lifecycle/locate.h"

#include <gtest/gtest.h>

namespace coppice::lifecycle {
namespace {

const std::string kText = R"({
  "a": {"x": 1, "y": "}]{[\" ,:"},
  "list": [
    {"b": [1, [2, 3], {}]},

    {"b": 5,
     "c": true}
  ],
  "last": -1.5e3
})";

size_t line(const JsonPath& path) { return line_of(kText, path); }

TEST(Locate, LinesOfMembersAndEntries) {
  EXPECT_EQ(line({}), 1U);
  EXPECT_EQ(line({"a"}), 2U);
  EXPECT_EQ(line({"a", "y"}), 2U);
  EXPECT_EQ(line({"list"}), 3U);
  EXPECT_EQ(line({"list", size_t{0}, "b", size_t{2}}), 4U);
  EXPECT_EQ(line({"list", size_t{1}}), 6U);
  EXPECT_EQ(line({"list", size_t{1}, "c"}), 7U);
  EXPECT_EQ(line({"last"}), 9U);
}

TEST(Locate, WhatIsMissingIsWhereItsParentIs) {
  EXPECT_EQ(line({"nothing"}), 1U);
  EXPECT_EQ(line({"list", size_t{1}, "d", "e"}), 6U);
  EXPECT_EQ(line({"list", size_t{7}}), 3U);
  EXPECT_EQ(line({"last", "x"}), 9U);
}

TEST(Locate, PathsAsPeopleWriteThem) {
  EXPECT_EQ(to_string({"pruning", size_t{0}, "recovery", "epochs"}), "pruning[0].recovery.epochs");
  EXPECT_EQ(to_string(JsonPath{}), "");
}

// No text that the JSON parser takes makes it run past the end; nor does one cut off anywhere.
TEST(Locate, TextsThatEndEarlyAreNoTrouble) {
  for (size_t length = 0; length <= kText.size(); ++length) {
    const std::string cut = kText.substr(0, length);
    for (const JsonPath& path : {JsonPath{"last"}, JsonPath{"list", size_t{1}, "c"}, JsonPath{"a", "y", "z"}})
      EXPECT_LE(line_of(cut, path), 10U);
  }
}

}  // namespace
}  // namespace coppice::lifecycle
