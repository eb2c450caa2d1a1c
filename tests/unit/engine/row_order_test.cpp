#include "shared/engine/row_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "shared/engine/kernels/kernels.h"

namespace coppice::engine {
namespace {

TEST(RowOrder, HasEachRowOfAWindowOnceByItsEntries) {
  std::mt19937 random(3);
  for (const size_t rows : {size_t{1}, kernels::kRowWindow, kernels::kRowWindow + 1, 5 * kernels::kRowWindow - 7}) {
    std::vector<size_t> entries_of(rows);
    for (size_t& entries : entries_of) entries = random() % 9;
    std::vector<uint8_t> order(rows, 255);
    order_rows(entries_of, order.data());
    std::vector<size_t> taken;
    for (size_t place = 0; place < rows; ++place) {
      const size_t row = kernels::row_at(order.data(), place);
      ASSERT_LT(row, rows);
      EXPECT_EQ(row / kernels::kRowWindow, place / kernels::kRowWindow);
      taken.push_back(row);
      if (place % kernels::kRowWindow == 0) continue;
      EXPECT_LE(entries_of[taken[place - 1]], entries_of[row]);
      if (entries_of[taken[place - 1]] == entries_of[row]) {
        EXPECT_LT(taken[place - 1], row);
      }
    }
    std::sort(taken.begin(), taken.end());
    for (size_t row = 0; row < rows; ++row) ASSERT_EQ(taken[row], row);
  }
}

}  // namespace
}  // namespace coppice::engine
