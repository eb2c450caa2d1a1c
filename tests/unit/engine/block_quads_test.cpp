#include "shared/engine/block_quads.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "shared/engine/kernels/kernels.h"

namespace coppice::engine {
namespace {

TEST(BlockQuads, AreTheInputsThatAnyOfFourRowsHasWithZerosAfterTheLast) {
  const auto tile = static_cast<uint16_t>(kernels::token_tile());
  // Five rows of six inputs: the second group is of one.
  const std::vector<int8_t> weights = {0, 1, 0, 0,  2, 3,   //
                                       0, 0, 0, 0,  0, -4,  //
                                       5, 0, 0, 0,  0, 0,   //
                                       0, 0, 0, -6, 0, 0,   //
                                       0, 0, 7, 0,  0, 0};
  const BlockQuads quads = find_block_quads(weights, 5, 6);
  EXPECT_EQ(quads.begins, (std::vector<uint32_t>{0, 2, 3}));
  const std::vector<uint16_t> inputs = {0,
                                        tile,
                                        static_cast<uint16_t>(3 * tile),
                                        static_cast<uint16_t>(4 * tile),
                                        static_cast<uint16_t>(5 * tile),
                                        0,
                                        0,
                                        0,
                                        static_cast<uint16_t>(2 * tile),
                                        0,
                                        0,
                                        0};
  EXPECT_EQ(quads.inputs, inputs);
  const std::vector<int8_t> values = {0, 1, 0, 2, 0,  0, 0, 0, 5, 0, 0, 0, 0, 0, -6, 0,  //
                                      3, 0, 0, 0, -4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  0,  //
                                      7, 0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  0};
  EXPECT_EQ(quads.values, values);
  EXPECT_EQ(count_block_quads(weights, 5, 6), 3U);
}

TEST(BlockQuads, GiveBackTheMatrix) {
  std::mt19937 random(5);
  for (const size_t rows : {1, 4, 7, 12}) {
    for (const size_t depth : {size_t{1}, size_t{30}, kernels::byte_block(), 2 * kernels::byte_block() + 5}) {
      std::vector<int8_t> weights(rows * depth);
      for (int8_t& value : weights)
        value = static_cast<int8_t>(random() % 9 == 0 ? static_cast<int>(random() % 255) - 127 : 0);
      const BlockQuads quads = find_block_quads(weights, rows, depth);
      const size_t groups = (rows + 3) / 4;
      const size_t blocks = (depth + kernels::byte_block() - 1) / kernels::byte_block();
      ASSERT_EQ(quads.begins.size(), groups * blocks + 1);
      EXPECT_EQ(quads.begins.back(), count_block_quads(weights, rows, depth));
      EXPECT_EQ(quads.values.size(), quads.begins.back() * 16);
      EXPECT_EQ(quads.inputs.size(), quads.begins.back() * 4);
      std::vector<int8_t> found(rows * depth);
      for (size_t group = 0; group < groups * blocks; ++group) {
        for (uint32_t entry = quads.begins[group]; entry < quads.begins[group + 1]; ++entry) {
          for (size_t i = 0; i < 16; ++i) {
            const size_t row = group % groups * 4 + i / 4;
            const size_t input =
                group / groups * kernels::byte_block() + quads.inputs[entry * 4 + i % 4] / kernels::token_tile();
            const int8_t value = quads.values[entry * 16 + i];
            if (value == 0) continue;
            ASSERT_LT(row, rows);
            ASSERT_LT(input, depth);
            EXPECT_EQ(found[row * depth + input], 0);
            found[row * depth + input] = value;
          }
        }
      }
      EXPECT_EQ(found, weights);
    }
  }
}

}  // namespace
}  // namespace coppice::engine
