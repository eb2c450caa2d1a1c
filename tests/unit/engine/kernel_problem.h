// What the tests of the kernels share: a run for each instruction set, and a product with everything around it.
#pragma once

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "shared/engine/kernels/kernels.h"

namespace coppice::engine::kernels {

// Runs `test` once for each target that was compiled and that the processor has.
class KernelsTest : public ::testing::TestWithParam<int64_t> {
 protected:
  void SetUp() override { hwy::SetSupportedTargetsForTest(GetParam()); }
  void TearDown() override { hwy::SetSupportedTargetsForTest(0); }
  std::mt19937 random_{7};

  std::vector<float> normal(size_t count) {
    std::normal_distribution<float> distribution;
    std::vector<float> values(count);
    for (float& value : values) value = distribution(random_);
    return values;
  }
};

inline std::vector<int64_t> targets() {
  std::vector<int64_t> all;
  for (int64_t bits = hwy::SupportedTargets() & HWY_TARGETS; bits != 0; bits &= bits - 1) all.push_back(bits & -bits);
  return all;
}
struct Shape {
  size_t outputs, inputs, tokens;
};
// Rows: every remainder of groups of 6 and 4. Inputs: of quads, and blocks of 128. Tokens: of vectors of 16, and tiles.
inline const Shape kShapes[] = {{1, 1, 1},     {2, 3, 5},      {3, 4, 16},     {4, 7, 17},    {5, 8, 31},
                                {6, 9, 33},    {7, 128, 49},   {8, 129, 63},   {9, 200, 64},  {12, 255, 65},
                                {13, 256, 80}, {14, 257, 129}, {11, 385, 200}, {7, 1100, 33}, {101, 150, 20}};

// A product with everything around it.
struct Problem {
  Problem(const Shape& shape, std::vector<float> weights, std::mt19937& random)
      : shape(shape), weights(std::move(weights)), stride(padded_stride(shape.tokens)) {
    std::normal_distribution<float> normal;
    const auto fill = [&](size_t count) {
      std::vector<float> values(count);
      for (float& value : values) value = normal(random);
      return values;
    };
    x = fill(shape.inputs * stride);
    residual = fill(shape.outputs * stride);
    bias = fill(shape.outputs);
    out.assign(shape.outputs * stride, 0);
  }
  Epilogue epilogue(bool gelu, bool with_residual) const {
    return {bias.data(), gelu, with_residual ? ConstActivations{residual.data(), stride} : ConstActivations{}};
  }
  ConstActivations input() const { return {x.data(), stride}; }
  Activations output() { return {out.data(), stride}; }

  // `inputs(k, t)` is what the product sees of x. `slack`: allowed error against the sum of magnitudes.
  template <typename Inputs>
  void check(const Epilogue& epilogue, double slack, const Inputs& inputs) const {
    for (size_t r = 0; r < shape.outputs; ++r) {
      for (size_t t = 0; t < shape.tokens; ++t) {
        double sum = bias[r];
        double magnitude = std::abs(sum);
        for (size_t k = 0; k < shape.inputs; ++k) {
          const double product = static_cast<double>(weights[r * shape.inputs + k]) * inputs(k, t);
          sum += product;
          magnitude += std::abs(product);
        }
        double error = slack * magnitude;
        if (epilogue.gelu) {
          sum = sum / 2 * (1 + std::erf(sum / std::sqrt(2.0)));
          error = error * 1.13 + 4e-7 * std::max(1.0, std::abs(sum));  // GELU's steepest slope is 1.129
        }
        if (epilogue.residual.data != nullptr) sum += residual[r * stride + t];
        error += 1e-7 * std::abs(sum);
        ASSERT_NEAR(out[r * stride + t], sum, error) << "output " << r << ", token " << t;
      }
    }
  }
  void check(const Epilogue& epilogue, double slack) const {
    check(epilogue, slack, [&](size_t k, size_t t) { return static_cast<double>(x[k * stride + t]); });
  }

  Shape shape;
  std::vector<float> weights;
  size_t stride;
  std::vector<float> x, residual, bias, out;
};

// What was noted while `out` was stored is what is found in it, to the last bit.
inline void expect_range(const StoredRange& noted, ConstActivations out, size_t features) {
  const Range found = find_range(out, features, 0, noted.tokens);
  EXPECT_EQ(*std::min_element(std::begin(noted.low), std::end(noted.low)), found.low);
  EXPECT_EQ(*std::max_element(std::begin(noted.high), std::end(noted.high)), found.high);
}

// Of a multiple of so many rows, the last perhaps short.
inline std::vector<RowRange> halves(size_t rows, size_t together = 4) {
  const size_t middle = rows / 2 / together * together;
  return {{0, middle}, {middle, rows}};
}

}  // namespace coppice::engine::kernels
