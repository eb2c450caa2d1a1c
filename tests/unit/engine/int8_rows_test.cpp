#include "shared/engine/int8_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace coppice::engine {
namespace {

std::span<const std::byte> bytes_of(const std::vector<float>& values) { return std::as_bytes(std::span(values)); }

TensorView view_of(const Int8Rows& rows, const std::vector<int64_t>& shape) {
  return {DType::kI8, shape, std::as_bytes(std::span(rows.values)), bytes_of(rows.scales)};
}

// Numbers over six orders of magnitude, so that a scale for the whole matrix would fail.
std::vector<float> uneven_matrix(size_t rows, size_t columns) {
  std::vector<float> values(rows * columns);
  uint32_t state = 12345;
  for (size_t i = 0; i < values.size(); ++i) {
    state = state * 1664525 + 1013904223;
    const float uniform = static_cast<float>(state >> 8) * 0x1p-23F - 1;
    values[i] = uniform * std::pow(10.0F, static_cast<float>(i / columns % 7) - 4);
  }
  return values;
}

TEST(Int8Rows, AWeightChangesByAtMostHalfItsRowsScale) {
  constexpr size_t kRows = 21;
  constexpr size_t kColumns = 37;
  const std::vector<float> values = uneven_matrix(kRows, kColumns);
  const auto rows = quantize_rows(values, kRows, "w");
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  const auto back = to_floats(view_of(*rows, {kRows, kColumns}), "w");
  ASSERT_TRUE(back.ok()) << back.status().message();
  for (size_t row = 0; row < kRows; ++row) {
    float largest = 0;
    int largest_value = 0;
    for (size_t i = row * kColumns; i < (row + 1) * kColumns; ++i) {
      largest = std::max(largest, std::abs(values[i]));
      largest_value = std::max(largest_value, std::abs(static_cast<int>(rows->values[i])));
      // The division and the product back round once each in float32.
      EXPECT_LE(std::abs((*back)[i] - values[i]), rows->scales[row] * 0.5F * (1 + 1e-5F)) << row;
    }
    EXPECT_FLOAT_EQ(rows->scales[row], largest / 127) << row;
    EXPECT_EQ(largest_value, 127) << row;  // the whole range is used, in every row
  }
}

TEST(Int8Rows, AReducedRangeIsKept) {
  const std::vector<float> values = uneven_matrix(3, 50);
  const auto rows = quantize_rows(values, 3, "w", 64);
  ASSERT_TRUE(rows.ok());
  int largest = 0;
  for (const int8_t value : rows->values) largest = std::max(largest, std::abs(static_cast<int>(value)));
  EXPECT_EQ(largest, 64);
  const std::vector<float> back = *to_floats(view_of(*rows, {3, 50}), "w");
  for (size_t i = 0; i < values.size(); ++i) EXPECT_LE(std::abs(back[i] - values[i]), rows->scales[i / 50] * 0.50001F);
}

TEST(Int8Rows, IsSymmetricAndTiesGoToEven) {
  const std::vector<float> values = {-127, 127, 0.5F, -0.5F, 1.5F, -1.5F, 2.5F, 0};
  const auto rows = quantize_rows(values, 1, "w");
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->values, (std::vector<int8_t>{-127, 127, 0, 0, 2, -2, 2, 0}));
  std::vector<float> negated = values;
  for (float& value : negated) value = -value;
  const auto mirrored = quantize_rows(negated, 1, "w");
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(mirrored->values[i], -rows->values[i]) << i;
  EXPECT_EQ(mirrored->scales, rows->scales);
}

TEST(Int8Rows, ZerosStayZeroAndConstantsStayExact) {
  const std::vector<float> values = {0, -0.0F, 0, 3.25F, 3.25F, 3.25F, 0, -0.125F, 0, 1e-44F, 0, 0};
  const auto rows = quantize_rows(values, 4, "w");
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->values, (std::vector<int8_t>{0, 0, 0, 127, 127, 127, 0, -127, 0, 0, 0, 0}));
  EXPECT_EQ(rows->scales[0], 1);
  EXPECT_EQ(rows->scales[3], 1);  // too small for a scale of full precision: a row of zeros
  const TensorView view = view_of(*rows, {4, 3});
  EXPECT_EQ(count_nonzero(view), 4);
  const std::vector<float> back = *to_floats(view, "w");
  EXPECT_FLOAT_EQ(back[3], 3.25F);
  EXPECT_FLOAT_EQ(back[7], -0.125F);
  EXPECT_EQ(back[0], 0);
}

TEST(Int8Rows, TheLargestFloatDoesNotOverflow) {
  const float largest = std::numeric_limits<float>::max();
  const auto rows = quantize_rows(std::vector<float>{largest, -largest, 0}, 1, "w");
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->values, (std::vector<int8_t>{127, -127, 0}));
  const std::vector<float> back = *to_floats(view_of(*rows, {1, 3}), "w");
  for (const float value : back) EXPECT_TRUE(std::isfinite(value));
}

TEST(Int8Rows, RefusesWhatIsNotFinite) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const auto rows = quantize_rows(std::vector<float>{1, 2, 3, bad}, 2, "bert.w");
    ASSERT_FALSE(rows.ok());
    EXPECT_NE(rows.status().message().find("tensor bert.w holds a value that is not finite, in row 1"),
              std::string::npos);
  }
  EXPECT_FALSE(quantize_rows(std::vector<float>{1, 2, 3}, 2, "w").ok());
  EXPECT_FALSE(quantize_rows(std::vector<float>{}, 0, "w").ok());
}

TEST(Int8Rows, ScalesGoToTheirTensorAndLiesAreRefused) {
  const std::vector<int8_t> values = {1, -2, 3, 0, 5, 6};
  const std::vector<float> scales = {0.5F, 2};
  const TensorView matrix{DType::kI8, {2, 3}, std::as_bytes(std::span(values))};
  const auto attach = [&](const std::string& name, const TensorView& tensor) {
    TensorMap tensors = {{"w", matrix}, {name, tensor}};
    const Status status = attach_row_scales(tensors, "model.onnx");
    return std::pair(status, tensors);
  };
  const auto [status, tensors] = attach("w_scale", {DType::kF32, {2}, bytes_of(scales)});
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_EQ(*to_floats(tensors.at("w"), "w"), (std::vector<float>{0.5F, -1, 1.5F, 0, 10, 12}));

  const auto refusal = [&](const TensorView& tensor) { return attach("w_scale", tensor).first.message(); };
  const std::vector<float> three = {1, 2, 3};
  EXPECT_EQ(refusal({DType::kF32, {3}, bytes_of(three)}),
            "model.onnx: initialiser w_scale is F32 (3); expected F32 with one scale for each row of the int8 tensor "
            "(2, 3)");
  EXPECT_NE(refusal({DType::kF32, {1, 2}, bytes_of(scales)}).find("expected F32"), std::string::npos);
  EXPECT_NE(refusal({DType::kF16, {2}, bytes_of(scales).first(4)}).find("is F16 (2)"), std::string::npos);
  for (const float bad : {0.0F, -1.0F, std::numeric_limits<float>::infinity(), std::nanf("")}) {
    const std::vector<float> with_bad = {1, bad};
    EXPECT_NE(refusal({DType::kF32, {2}, bytes_of(with_bad)}).find("the scale of row 1 is"), std::string::npos) << bad;
  }

  // Without scales the numbers mean nothing, and scales without numbers are a tensor like any other.
  const auto missing = to_floats(matrix, "w");
  EXPECT_NE(missing.status().message().find("expected a float32 tensor w_scale beside it"), std::string::npos);
  EXPECT_EQ(attach("other_scale", {DType::kF32, {2}, bytes_of(scales)}).second.size(), 2U);
}

TEST(Int8Rows, AnEmptyMatrixHasNoFloats) {
  const std::vector<float> scales = {1, 1};
  EXPECT_TRUE(to_floats({DType::kI8, {2, 0}, {}, bytes_of(scales)}, "w")->empty());
  EXPECT_FALSE(to_floats({DType::kI8, {0, 2}, {}, {}}, "w").ok());
}

}  // namespace
}  // namespace coppice::engine
