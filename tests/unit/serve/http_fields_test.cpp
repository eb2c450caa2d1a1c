#include "native/serve/http_fields.h"

#include <gtest/gtest.h>

namespace coppice::serve {
namespace {

TEST(CodingPreference, ReadsNamesAndQualities) {
  EXPECT_EQ(coding_preference("gzip, deflate, br", "br"), 1);
  EXPECT_EQ(coding_preference("gzip;q=0.5, BR ; q=0.8", "br"), 0.8);
  EXPECT_EQ(coding_preference("gzip;q=0.5, br;q=0", "br"), 0);
  EXPECT_EQ(coding_preference("gzip", "br"), 0);
  EXPECT_EQ(coding_preference("", "br"), 0);
  EXPECT_EQ(coding_preference("brotli", "br"), 0);
}

TEST(CodingPreference, AStarStandsForWhatIsNotNamed) {
  EXPECT_EQ(coding_preference("*", "br"), 1);
  EXPECT_EQ(coding_preference("*;q=0.1, gzip;q=0.7", "br"), 0.1);
  EXPECT_EQ(coding_preference("br;q=0, *", "br"), 0);
}

TEST(CodingPreference, WhatCannotBeParsedIsRefused) {
  for (const char* field : {"br;q=", "br;q=2", "br;q=-1", "br;q=nan", "br;q=0.5x"}) {
    EXPECT_EQ(coding_preference(field, "br"), 0) << field;
  }
  EXPECT_EQ(coding_preference(",,;;,", "br"), 0);
}

TEST(MatchesEntityTag, ReadsListsWeakTagsAndStar) {
  EXPECT_TRUE(matches_entity_tag("\"a\"", "\"a\""));
  EXPECT_TRUE(matches_entity_tag("\"b\", W/\"a\"", "\"a\""));
  EXPECT_TRUE(matches_entity_tag("*", "\"a\""));
  EXPECT_FALSE(matches_entity_tag("\"b\"", "\"a\""));
  EXPECT_FALSE(matches_entity_tag("a", "\"a\""));
  EXPECT_FALSE(matches_entity_tag("", "\"a\""));
}

TEST(ResolveRange, CoversEachForm) {
  const auto resolved = [](int64_t first, int64_t last, uint64_t size) {
    const auto range = resolve_range({first, last}, size);
    return range ? std::to_string(range->first) + "-" + std::to_string(range->last) : std::string("none");
  };
  EXPECT_EQ(resolved(0, 0, 10), "0-0");
  EXPECT_EQ(resolved(2, 5, 10), "2-5");
  EXPECT_EQ(resolved(2, -1, 10), "2-9");
  EXPECT_EQ(resolved(-1, 3, 10), "7-9");
  EXPECT_EQ(resolved(-1, 30, 10), "0-9");
  EXPECT_EQ(resolved(2, 999, 10), "2-9");
  EXPECT_EQ(resolved(10, -1, 10), "none");
  EXPECT_EQ(resolved(5, 4, 10), "none");
  EXPECT_EQ(resolved(-1, 0, 10), "none");
  EXPECT_EQ(resolved(-1, -1, 10), "none");
  EXPECT_EQ(resolved(0, -1, 0), "none");
  EXPECT_EQ(resolved(INT64_MAX, -1, 10), "none");
}

}  // namespace
}  // namespace coppice::serve
