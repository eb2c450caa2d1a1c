#include "shared/reviews/packed_reviews.h"

#include <gtest/gtest.h>

namespace coppice::reviews {
namespace {

const ReviewFile& three() {
  static const ReviewFile file = *parse_review_file("a.csv", "text,label\ngood,1\nné,\n\"two\nlines\",0\n");
  return file;
}

TEST(PackedReviews, ComeBackAsTheyWereInOneOrSeveralParts) {
  const std::string packed = pack_reviews(three());
  for (const size_t cut : {size_t{0}, size_t{12 + 4}, packed.size()}) {
    ReviewFile file;
    ASSERT_TRUE(add_packed_reviews(std::string_view(packed).substr(0, cut), file).ok()) << cut;
    ASSERT_TRUE(add_packed_reviews(std::string_view(packed).substr(cut), file).ok()) << cut;
    ASSERT_EQ(file.reviews.size(), 3U);
    EXPECT_EQ(file.labelled, 2);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(file.reviews[i].text, three().reviews[i].text);
      EXPECT_EQ(file.reviews[i].label, three().reviews[i].label);
      EXPECT_EQ(file.reviews[i].line, three().reviews[i].line);
    }
  }
}

TEST(PackedReviews, APartThatIsCutOrAlteredIsRefused) {
  const std::string packed = pack_reviews(three());
  for (size_t length = 1; length < packed.size(); ++length) {
    if (length == 12 + 4 || length == 12 + 4 + 12 + 3) continue;  // ends of records
    ReviewFile file;
    EXPECT_FALSE(add_packed_reviews(std::string_view(packed).substr(0, length), file).ok()) << length;
  }
  std::string label = packed;
  label[4] = 3;
  std::string empty_text = packed.substr(0, 12);
  empty_text[8] = 0;
  std::string too_long = packed;
  too_long[11] = '\xFF';
  for (const std::string& broken : {label, empty_text, too_long}) {
    ReviewFile file;
    EXPECT_FALSE(add_packed_reviews(broken, file).ok());
  }
}

TEST(PackedReviews, NoMoreThanASetMayHave) {
  ReviewFile file;
  file.reviews.resize(kMostReviews);
  EXPECT_FALSE(add_packed_reviews(pack_reviews(three()), file).ok());
}

}  // namespace
}  // namespace coppice::reviews
