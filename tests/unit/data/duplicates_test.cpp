#include "native/data/duplicates.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "native/data/union_find.h"
#include "tests/unit/data/made_reviews.h"

namespace coppice::data {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

// The definition, written out: every pair compared on sets of strings.
std::vector<size_t> near_by_definition(const std::vector<Review>& reviews) {
  std::vector<std::set<std::string>> shingles;
  for (const Review& review : reviews) {
    const auto words = words_of(normalised_text(review.text));
    std::set<std::string> set;
    for (size_t i = 0; i + kShingleWords <= words.size(); ++i) {
      set.insert(std::accumulate(words.begin() + static_cast<long>(i),
                                 words.begin() + static_cast<long>(i) + kShingleWords, std::string(),
                                 [](const auto& a, const auto& b) { return a + " " + b; }));
    }
    shingles.push_back(std::move(set));
  }
  UnionFind clusters(reviews.size());
  for (size_t a = 0; a < reviews.size(); ++a) {
    for (size_t b = a + 1; b < reviews.size(); ++b) {
      size_t shared = 0;
      for (const auto& shingle : shingles[a]) shared += shingles[b].count(shingle);
      const size_t all = shingles[a].size() + shingles[b].size() - shared;
      if (all > 0 && static_cast<double>(shared) >= kNearDuplicate * static_cast<double>(all)) clusters.join(a, b);
    }
  }
  return clusters.representatives();
}

TEST(DuplicatesTest, NormalisationForgetsCasePunctuationAndBreaks) {
  EXPECT_EQ(normalised_text("  Good!<br /><br />It's \"great\"..  "), "good it s great");
  EXPECT_EQ(normalised_text("Caf\xC3\xA9 NOIR"), "caf\xC3\xA9 noir");
  EXPECT_EQ(normalised_text("!!!"), "");
  EXPECT_EQ(normalised_text("a<br>b"), "a br b") << "only the archive's own break is taken out";
}

TEST(DuplicatesTest, ExactAndNearAreToldApart) {
  const std::string text = made_text(1, 60);
  std::string changed = text;
  changed.replace(changed.rfind(' '), std::string::npos, " other");  // one word of sixty
  const std::vector<Review> reviews = {
      {made_text(7), 0, "a"}, {text, 1, "b"}, {text + " !!", 1, "c"}, {changed, 0, "d"}, {made_text(8), 1, "e"}};
  const DuplicateClusters found = find_duplicates(reviews);
  EXPECT_EQ(found.exact, (std::vector<size_t>{0, 1, 1, 3, 4}));
  EXPECT_EQ(found.near, (std::vector<size_t>{0, 1, 1, 1, 4}));
}

TEST(DuplicatesTest, ShortAndEmptyTexts) {
  const std::vector<Review> reviews = {
      {"Bad", 0, "a"}, {"bad!", 0, "b"}, {"!!!", 0, "c"}, {"...", 0, "d"}, {"Very bad", 0, "e"}};
  EXPECT_EQ(find_duplicates(reviews).near, (std::vector<size_t>{0, 0, 2, 2, 4}));
  EXPECT_TRUE(find_duplicates({}).near.empty());
}

// Copies with a growing share of changed words lie on both sides of the threshold.
TEST(DuplicatesTest, FindsExactlyThePairsOfTheDefinition) {
  std::vector<Review> reviews;
  size_t joined = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const size_t length = 8 + seed * 3;
    reviews.push_back({made_text(seed, length), 0, std::to_string(seed)});
    for (size_t copy = 1; copy <= 3; ++copy) {
      auto words = words_of(reviews.back().text);
      for (size_t i = 0; i < words.size(); ++i) {
        if (mix64(seed * 77 + copy * 7919 + i) % 100 < copy * 6) words[i] = "x" + std::to_string(i + copy * 1000);
      }
      std::string text;
      for (const auto& word : words) text += word + " ";
      reviews.push_back({text, 1, std::to_string(seed) + "/" + std::to_string(copy)});
    }
  }
  const std::vector<size_t> expected = near_by_definition(reviews);
  for (size_t i = 0; i < expected.size(); ++i) joined += expected[i] != i ? 1 : 0;
  ASSERT_GT(joined, 20U) << "the made-up copies must be near for some";
  ASSERT_LT(joined, 110U) << "and not for others";
  EXPECT_EQ(find_duplicates(reviews).near, expected);
}

TEST(DuplicatesTest, ThousandsOfEqualReviewsTakeNoTime) {
  std::vector<Review> reviews;
  for (size_t i = 0; i < 5000; ++i) reviews.push_back({made_text(i % 2), 0, std::to_string(i)});
  const DuplicateClusters found = find_duplicates(reviews);
  for (size_t i = 0; i < reviews.size(); ++i) ASSERT_EQ(found.near[i], i % 2);
}

}  // namespace
}  // namespace coppice::data
