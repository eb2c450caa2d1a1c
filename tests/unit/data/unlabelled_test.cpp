#include "native/data/unlabelled.h"

#include <set>

#include "tests/unit/data/fixtures.h"

namespace coppice::data {
namespace {

class Unlabelled : public FolderTest {
 protected:
  static std::string text_of(int number) {
    return "Review " + std::to_string(number) + " tells of film " + std::to_string(number * 7) + " and its " +
           std::to_string(number * 13) + " scenes in " + std::to_string(number * 17) + " words that nobody else wrote.";
  }
  void write_reviews(const fs::path& below, int count) const {
    for (int i = 0; i < count; ++i) write(below / (std::to_string(i) + "_0.txt"), text_of(i));
  }
};

TEST_F(Unlabelled, AreReadByNumberFromTheFolderOrTheDataFolderThatHoldsIt) {
  write_reviews("imdb/aclImdb/train/unsup", 12);
  for (const char* place : {"imdb", "imdb/aclImdb", "imdb/aclImdb/train", "imdb/aclImdb/train/unsup"}) {
    const Result<UnlabelledReviews> found = read_unlabelled(folder_ / place, 0, {});
    ASSERT_TRUE(found.ok()) << found.status().message();
    ASSERT_EQ(found->reviews.size(), 12U) << place;
    EXPECT_EQ(found->available, 12U);
    EXPECT_EQ(found->reviews[10].id, "unsup/10_0");
    EXPECT_EQ(found->reviews[10].text, text_of(10));
    EXPECT_EQ(found->reviews[10].label, kUnlabelled);
  }
}

TEST_F(Unlabelled, SamplesAreNested) {
  write_reviews("unsup", 30);
  std::set<std::string> smaller;
  for (const size_t limit : {5, 12, 30}) {
    const Result<UnlabelledReviews> found = read_unlabelled(folder_, limit, {});
    ASSERT_TRUE(found.ok());
    ASSERT_EQ(found->reviews.size(), limit);
    EXPECT_EQ(found->available, 30U);
    std::set<std::string> ids;
    for (const Review& review : found->reviews) ids.insert(review.id);
    EXPECT_TRUE(std::includes(ids.begin(), ids.end(), smaller.begin(), smaller.end()));
    smaller = ids;
  }
}

TEST_F(Unlabelled, WhatTheStudentIsJudgedByIsLeftOut) {
  write_reviews("unsup", 10);
  const std::vector<Review> judged = {{text_of(3), 1, "test/pos/0_9"},
                                      {"<br />" + text_of(7) + " Truly.", 0, "train/neg/1_2"},
                                      {"An altogether different review of quite another film.", 0, "test/neg/5_1"}};
  const Result<UnlabelledReviews> found = read_unlabelled(folder_, 0, judged);
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(found->near_others, 2U);
  ASSERT_EQ(found->reviews.size(), 8U);
  for (const Review& review : found->reviews) {
    EXPECT_NE(review.id, "unsup/3_0");
    EXPECT_NE(review.id, "unsup/7_0");
  }
  std::vector<Review> all;
  for (int i = 0; i < 10; ++i) all.push_back({text_of(i), 0, "test/neg/" + std::to_string(i) + "_1"});
  const Status none = read_unlabelled(folder_, 0, all).status();
  EXPECT_EQ(none.code(), StatusCode::kInvalidInput);
  EXPECT_NE(none.message().find("all 10 are near-duplicates"), std::string::npos) << none.message();
}

TEST_F(Unlabelled, WhatIsNoFolderOfReviewsIsRefused) {
  EXPECT_EQ(read_unlabelled(folder_ / "absent", 0, {}).status().code(), StatusCode::kNotFound);
  write("unsup/notes.txt", "no number");
  const Status named = read_unlabelled(folder_, 0, {}).status();
  EXPECT_EQ(named.code(), StatusCode::kInvalidInput);
  EXPECT_NE(named.message().find("notes.txt"), std::string::npos) << named.message();
}

}  // namespace
}  // namespace coppice::data
