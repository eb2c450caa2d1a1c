#include "native/data/validation_split.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "native/data/duplicates.h"
#include "tests/unit/data/made_reviews.h"

namespace coppice::data {
namespace {

// 1,000 reviews of each class; films of 1 to 30 reviews with both labels.
AclImdbPart made_part(bool films) {
  AclImdbPart part;
  for (int label = 0; label < 2; ++label) {
    int film = 0;
    size_t left = 3;
    for (int number = 0; number < 1000; ++number) {
      if (left-- == 0) {
        ++film;
        left = mix64(static_cast<uint64_t>(film)) % 15;
      }
      part.reviews.push_back({made_text(static_cast<uint64_t>(label * 1000 + number)), label,
                              std::string("train/") + (label == 0 ? "neg/" : "pos/") + std::to_string(number)});
      part.numbers.push_back(number);
      if (films) part.films.push_back("tt" + std::to_string(film));
    }
  }
  return part;
}

std::vector<size_t> no_duplicates(size_t size) {
  std::vector<size_t> own(size);
  std::iota(own.begin(), own.end(), size_t{0});
  return own;
}

TEST(ValidationSplitTest, NoFilmIsOnBothSidesAndClassesAreBalanced) {
  const AclImdbPart part = made_part(true);
  const ValidationSplit split = split_validation(part, no_duplicates(part.reviews.size()));
  EXPECT_EQ(split.rule, SplitRule::kByFilm);
  const std::set<size_t> validation(split.validation.begin(), split.validation.end());
  std::set<std::string> films[2];
  for (size_t i = 0; i < part.reviews.size(); ++i) films[validation.contains(i) ? 1 : 0].insert(part.films[i]);
  for (const std::string& film : films[1]) EXPECT_FALSE(films[0].contains(film)) << film;
  EXPECT_GT(films[1].size(), 5U);
  for (const size_t label : {0, 1})
    EXPECT_NEAR(static_cast<double>(split.taken[label]), 100.0, 100.0 * kSplitTolerance);
  EXPECT_EQ(split.taken[0] + split.taken[1], split.validation.size());
}

TEST(ValidationSplitTest, NearDuplicatesOfTwoFilmsStayTogether) {
  AclImdbPart part = made_part(true);
  std::vector<size_t> clusters = no_duplicates(part.reviews.size());
  // Ties each film to the next by a pair, eleven films in a row.
  std::set<std::string> tied;
  for (size_t i = 0; tied.size() < 11; ++i) {
    if (part.films[i] != part.films[i + 1]) clusters[i + 1] = i;
    tied.insert(part.films[i]);
  }
  const ValidationSplit split = split_validation(part, clusters);
  std::set<bool> sides;
  const std::set<size_t> validation(split.validation.begin(), split.validation.end());
  for (size_t i = 0; i < part.reviews.size(); ++i) {
    if (tied.contains(part.films[i])) sides.insert(validation.contains(i));
  }
  EXPECT_EQ(sides.size(), 1U);
}

TEST(ValidationSplitTest, WithoutFilmsItTakesRunsOfNumbersAndKeepsNearDuplicatesInTrain) {
  const AclImdbPart part = made_part(false);
  const ValidationSplit clean = split_validation(part, no_duplicates(part.reviews.size()));
  EXPECT_EQ(clean.rule, SplitRule::kByIdRuns);
  EXPECT_EQ(clean.taken, (std::array<size_t, 2>{100, 100}));
  const std::set<size_t> validation(clean.validation.begin(), clean.validation.end());
  size_t borders = 0;  // places where neighbours are on different sides
  for (size_t i = 1; i < part.reviews.size(); ++i) borders += validation.contains(i) != validation.contains(i - 1);
  EXPECT_LE(borders, 2 * 2 * kIdRunsPerClass);
  EXPECT_GT(borders, 10U) << "more than one block, so that validation is no single stretch of films";

  std::vector<size_t> clusters = no_duplicates(part.reviews.size());
  size_t in_train = 0;
  while (validation.contains(in_train)) ++in_train;
  const size_t in_validation = clean.validation.back();
  clusters[in_validation] = in_train;
  const ValidationSplit split = split_validation(part, clusters);
  EXPECT_EQ(split.moved_near_duplicates, 1U);
  EXPECT_EQ(split.validation.size(), 199U);
  EXPECT_FALSE(std::binary_search(split.validation.begin(), split.validation.end(), in_validation));
}

TEST(ValidationSplitTest, TheSeedDecidesAndNothingElse) {
  for (const bool films : {true, false}) {
    const AclImdbPart part = made_part(films);
    const auto clusters = no_duplicates(part.reviews.size());
    EXPECT_EQ(split_validation(part, clusters).validation, split_validation(part, clusters).validation);
    EXPECT_NE(split_validation(part, clusters, {0.1, 1}).validation,
              split_validation(part, clusters, {0.1, 2}).validation);
  }
}

TEST(ValidationSplitTest, FewReviewsGiveAnEmptyOrSmallSetAndNoCrash) {
  AclImdbPart part;
  EXPECT_TRUE(split_validation(part, {}).validation.empty());
  part.reviews = {{"a", 0, "x"}, {"b", 1, "y"}};
  EXPECT_TRUE(split_validation(part, {0, 1}).validation.empty());
  for (int i = 0; i < 10; ++i) part.reviews.push_back({made_text(static_cast<uint64_t>(i)), i % 2, std::to_string(i)});
  EXPECT_EQ(split_validation(part, no_duplicates(12)).validation.size(), 2U);
}

}  // namespace
}  // namespace coppice::data
