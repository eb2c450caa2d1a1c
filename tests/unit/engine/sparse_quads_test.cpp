#include "shared/engine/sparse_quads.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace coppice::engine {
namespace {

bool is_zero(const SparseQuad& quad) { return quad.values == std::array<int8_t, 4>{}; }

TEST(SparseQuads, AreThoseOfARowThatHoldAnythingWithZerosAfterItsEnd) {
  const std::vector<int8_t> row = {0, 0, 0, 0, 0, 0, -3, 0, 7, 8};
  const std::vector<SparseQuad> quads = find_quads(row, 0, row.size());
  ASSERT_EQ(quads.size(), 2U);
  EXPECT_EQ(quads[0].place, 1);
  EXPECT_EQ(quads[0].values, (std::array<int8_t, 4>{0, 0, -3, 0}));
  EXPECT_EQ(quads[1].place, 2);
  EXPECT_EQ(quads[1].values, (std::array<int8_t, 4>{7, 8, 0, 0}));
  EXPECT_TRUE(find_quads(row, 0, 4).empty());
  ASSERT_EQ(find_quads(row, 8, 400).size(), 1U);
  EXPECT_EQ(find_quads(row, 8, 400)[0].place, 0);
}

TEST(SparseQuads, FitWhereNeitherSignPassesSixteenBits) {
  const SparseQuad high{0, {64, 64, 0, 0}};
  const SparseQuad low{0, {-64, -64, 0, 0}};
  EXPECT_TRUE(fit_together(high, low));
  EXPECT_TRUE(fit_together(high, {0, {0, 0, 64, 64}}));
  EXPECT_FALSE(fit_together(high, {0, {1, 0, 0, 0}}));
  EXPECT_FALSE(fit_together({0, {0, 0, -64, -64}}, {0, {0, 0, 0, -1}}));
  EXPECT_TRUE(fit_together(low, {0, {1, 0, 0, 0}}));
}

// All bytes at 0 and at 255 are the extremes of what is promised.
TEST(SparseQuads, PairedAreTheSameQuadsEachTwoOfThemWithinSixteenBits) {
  std::mt19937 random(11);
  for (int i = 0; i < 500; ++i) {
    const int spread = 1 + static_cast<int>(random() % 64);  // from small weights to such as mostly do not fit
    std::vector<int8_t> row(1 + random() % 400);
    for (int8_t& value : row) {
      value = static_cast<int8_t>(random() % 3 == 0 ? 0 : static_cast<int>(random() % (2 * spread + 1)) - spread);
    }
    const std::vector<SparseQuad> quads = find_quads(row, 0, row.size());
    std::vector<SparseQuad> pairs = paired(quads);
    ASSERT_EQ(pairs.size() % 2, 0U);
    for (size_t k = 0; k < pairs.size(); k += 2) {
      for (size_t half = 0; half < 4; half += 2) {
        int highest = 0;
        int lowest = 0;
        for (size_t w = half; w < half + 2; ++w) {
          for (const int weight : {pairs[k].values[w], pairs[k + 1].values[w]}) {
            highest += 255 * std::max(weight, 0);
            lowest += 255 * std::min(weight, 0);
          }
        }
        ASSERT_LE(highest, 32767);
        ASSERT_GE(lowest, -32768);
      }
      ASSERT_LT(pairs[k + 1].place, (row.size() + 3) / 4);
    }
    pairs.erase(std::remove_if(pairs.begin(), pairs.end(), is_zero), pairs.end());
    std::sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.place < b.place; });
    ASSERT_EQ(pairs.size(), quads.size());
    for (size_t k = 0; k < quads.size(); ++k) {
      ASSERT_EQ(pairs[k].place, quads[k].place);
      ASSERT_EQ(pairs[k].values, quads[k].values);
    }
  }
}

TEST(SparseQuads, OfTheLargestWeightsEachStandsAlone) {
  const std::vector<int8_t> row(64, 64);
  const std::vector<SparseQuad> pairs = paired(find_quads(row, 0, row.size()));
  ASSERT_EQ(pairs.size(), 32U);
  EXPECT_EQ(std::count_if(pairs.begin(), pairs.end(), is_zero), 16);
}

TEST(SparseQuads, SmallWeightsLoseNothingByPairs) {
  std::vector<int8_t> row(256, 16);  // four of them are half of what fits
  EXPECT_EQ(paired(find_quads(row, 0, row.size())).size(), 64U);
  row.resize(252);
  EXPECT_EQ(paired(find_quads(row, 0, row.size())).size(), 64U);  // 63, and one of zeros
}

}  // namespace
}  // namespace coppice::engine
