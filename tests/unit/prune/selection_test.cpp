#include "native/prune/selection.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace coppice::prune {
namespace {

struct Matrix {
  int64_t rows;
  int64_t columns;
  std::vector<float> weights;
  std::vector<float> scores;
};

std::vector<ScoredMatrix> views(const std::vector<Matrix>& matrices) {
  std::vector<ScoredMatrix> out;
  for (const Matrix& m : matrices)
    out.push_back({"m" + std::to_string(out.size()), m.rows, m.columns, m.weights, m.scores});
  return out;
}

// Scores are the absolute values.
Matrix by_magnitude(int64_t rows, int64_t columns, std::vector<float> weights) {
  std::vector<float> scores;
  for (const float w : weights) scores.push_back(std::fabs(w));
  return {rows, columns, std::move(weights), std::move(scores)};
}

using Keep = std::vector<uint8_t>;

TEST(Selection, GlobalTakesTheLowestOfAllAndMatrixTheSameShareOfEach) {
  const std::vector<Matrix> matrices = {by_magnitude(1, 4, {1, -2, 3, -4}), by_magnitude(1, 4, {10, 20, -30, 40})};
  const Result<Selection> global = select_weights(views(matrices), {0.5, Scope::kGlobal, {}});
  ASSERT_TRUE(global.ok());
  EXPECT_EQ(global->keep[0], (Keep{0, 0, 0, 0}));
  EXPECT_EQ(global->keep[1], (Keep{1, 1, 1, 1}));
  const Result<Selection> each = select_weights(views(matrices), {0.5, Scope::kMatrix, {}});
  ASSERT_TRUE(each.ok());
  EXPECT_EQ(each->keep[0], (Keep{0, 0, 1, 1}));
  EXPECT_EQ(each->keep[1], (Keep{0, 0, 1, 1}));
  EXPECT_EQ(each->zeros, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(each->all_zeros, 4);
  EXPECT_EQ(each->weights, 8);
}

TEST(Selection, BlocksGoTogetherByTheirSum) {
  //  1 1 | 9 0        blocks of 2 x 2 have the sums 1+1+1+1 = 4 and 9+0+0+0 = 9
  //  1 1 | 0 0
  const std::vector<Matrix> matrices = {by_magnitude(2, 4, {1, 1, 9, 0, 1, 1, 0, 0})};
  const Result<Selection> square = select_weights(views(matrices), {0.5, Scope::kGlobal, *parse_pattern("2x2")});
  ASSERT_TRUE(square.ok()) << square.status().message();
  EXPECT_EQ(square->keep[0], (Keep{0, 0, 1, 1, 0, 0, 1, 1}));
  // 1 x 4: the rows sum to 11 and 2. 2 x 1: the columns sum to 2, 2, 9, 0.
  const Result<Selection> row = select_weights(views(matrices), {0.5, Scope::kGlobal, *parse_pattern("1x4")});
  EXPECT_EQ(row->keep[0], (Keep{1, 1, 1, 1, 0, 0, 0, 0}));
  const Result<Selection> column = select_weights(views(matrices), {0.25, Scope::kGlobal, *parse_pattern("2x1")});
  EXPECT_EQ(column->keep[0], (Keep{1, 1, 1, 0, 1, 1, 1, 0}));
}

TEST(Selection, NOfMKeepsTheBestOfEveryGroup) {
  const std::vector<Matrix> matrices = {by_magnitude(2, 4, {4, -3, 2, 1, 0.5F, 7, 7, -8})};
  const Result<Selection> selection = select_weights(views(matrices), {0.5, Scope::kGlobal, *parse_pattern("2:4")});
  ASSERT_TRUE(selection.ok()) << selection.status().message();
  EXPECT_EQ(selection->keep[0], (Keep{1, 1, 0, 0, 0, 0, 1, 1}));
  const Result<Selection> other = select_weights(views(matrices), {0.6, Scope::kGlobal, *parse_pattern("2:4")});
  EXPECT_EQ(other.status().code(), StatusCode::kInvalidUsage);
}

TEST(Selection, ZerosGoFirstWhateverTheirScore) {
  // A weight that is 0 with a high score, as a movement score may be: counting it as pruned costs nothing.
  const std::vector<Matrix> matrices = {{1, 4, {0, 1, 2, 3}, {9, 1, 2, 3}}};
  const Result<Selection> selection = select_weights(views(matrices), {0.5, Scope::kGlobal, {}});
  EXPECT_EQ(selection->keep[0], (Keep{0, 0, 1, 1}));
  const Result<Selection> groups = select_weights(views(matrices), {0.5, Scope::kGlobal, *parse_pattern("2:4")});
  EXPECT_EQ(groups->keep[0], (Keep{0, 0, 1, 1}));
}

TEST(Selection, TiesAreCutToTheExactNumber) {
  const std::vector<Matrix> matrices = {by_magnitude(10, 10, std::vector<float>(100, 0.25F))};
  for (const double sparsity : {0.0, 0.01, 0.37, 0.99}) {
    const Result<Selection> selection = select_weights(views(matrices), {sparsity, Scope::kGlobal, {}});
    EXPECT_EQ(selection->all_zeros, std::llround(100 * sparsity));
  }
}

TEST(Selection, WhatCannotBeIsRefused) {
  const std::vector<Matrix> matrices = {by_magnitude(2, 6, std::vector<float>(12, 1))};
  for (const double sparsity : {-0.1, 1.0, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(select_weights(views(matrices), {sparsity, Scope::kGlobal, {}}).status().code(),
              StatusCode::kInvalidUsage);
  }
  for (const char* pattern : {"1x4", "4x1", "2:4"}) {
    const Result<Selection> selection = select_weights(views(matrices), {0.5, Scope::kGlobal, *parse_pattern(pattern)});
    ASSERT_FALSE(selection.ok());
    EXPECT_NE(selection.status().message().find("m0 (2 x 6)"), std::string::npos) << selection.status().message();
  }
  const std::vector<Matrix> broken = {{1, 2, {1, 2}, {1, std::numeric_limits<float>::quiet_NaN()}}};
  EXPECT_EQ(select_weights(views(broken), {0.5, Scope::kGlobal, {}}).status().code(), StatusCode::kInvalidInput);
}

TEST(Pattern, IsReadAndWritten) {
  for (const char* text : {"none", "1x4", "4x1", "2:4", "1:8", "32x32"}) {
    const Result<Pattern> pattern = parse_pattern(text);
    ASSERT_TRUE(pattern.ok()) << text;
    EXPECT_EQ(to_string(*pattern), text);
  }
  for (const char* text : {"", "4", "4:2", "2:2", "0:4", "-1x4", "1x", "x4", "1x4x", "1 x 4", "99x1", "2;4"}) {
    EXPECT_FALSE(parse_pattern(text).ok()) << text;
  }
}

}  // namespace
}  // namespace coppice::prune
