// Every kernel against double precision, on every instruction set this machine has, at shapes with every remainder.
#include "shared/engine/kernels/kernels.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "shared/base/half.h"
#include "shared/engine/row_order.h"
#include "tests/unit/engine/kernel_problem.h"

namespace coppice::engine::kernels {
namespace {

INSTANTIATE_TEST_SUITE_P(Targets, KernelsTest, ::testing::ValuesIn(targets()),
                         [](const auto& info) { return std::string(hwy::TargetName(info.param)); });

// Sums of n float32 products err by at most n * 2^-24 of their magnitudes; random ones by far less.
double slack_of(const Shape& shape) { return 1.2e-7 * (2 + std::sqrt(static_cast<double>(shape.inputs))); }

// Each combination of what may follow a product.
template <typename Multiply>
void each_epilogue(Problem& problem, double slack, const Multiply& multiply) {
  for (const bool gelu : {false, true}) {
    for (const bool residual : {false, true}) {
      Epilogue epilogue = problem.epilogue(gelu, residual);
      StoredRange range;
      range.tokens = problem.shape.tokens;
      epilogue.range = &range;
      std::fill(problem.out.begin(), problem.out.end(), -1e9F);
      multiply(epilogue);
      problem.check(epilogue, slack);
      expect_range(range, problem.output(), problem.shape.outputs);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST_P(KernelsTest, UsesTheInstructionSetItWasTold) { EXPECT_STREQ(instruction_set(), hwy::TargetName(GetParam())); }

TEST_P(KernelsTest, DenseFloat32) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.inputs);
    Problem problem(shape, normal(shape.outputs * shape.inputs), random_);
    each_epilogue(problem, slack_of(shape), [&](const Epilogue& epilogue) {
      for (const RowRange rows : halves(shape.outputs)) {
        multiply_float32(problem.weights.data(), shape.inputs, rows, problem.input(), shape.tokens, epilogue,
                         problem.output());
      }
    });
    if (HasFatalFailure()) return;
  }
}

TEST_P(KernelsTest, DenseFloat16) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.inputs);
    std::vector<float> weights = normal(shape.outputs * shape.inputs);
    weights[0] = 3e-6F;  // subnormal as binary16
    std::vector<uint16_t> half(weights.size());
    for (size_t i = 0; i < weights.size(); ++i) {
      half[i] = float_to_half(weights[i]);
      weights[i] = half_to_float(half[i]);
    }
    Problem problem(shape, weights, random_);
    std::vector<float> scratch(dense_scratch(shape.inputs));
    each_epilogue(problem, slack_of(shape), [&](const Epilogue& epilogue) {
      for (const RowRange rows : halves(shape.outputs)) {
        multiply_float16(half.data(), shape.inputs, rows, problem.input(), shape.tokens, epilogue, problem.output(),
                         scratch.data());
      }
    });
    if (HasFatalFailure()) return;
  }
}

TEST_P(KernelsTest, SparseRowsAndBlocks) {
  for (const Shape& shape : kShapes) {
    enum class Form { kRows, kOrderedRows, kBlocks };
    for (const Form form : {Form::kRows, Form::kOrderedRows, Form::kBlocks}) {
      SCOPED_TRACE(std::to_string(shape.inputs) + " inputs, form " + std::to_string(static_cast<int>(form)));
      const size_t group = form == Form::kBlocks ? 4 : 1;
      std::vector<float> weights(shape.outputs * shape.inputs, 0.0F);
      for (size_t row = 0; row < shape.outputs; row += group) {
        for (size_t k = 0; k < shape.inputs; ++k) {
          if (random_() % 5 != 0) continue;
          for (size_t r = row; r < std::min(row + group, shape.outputs); ++r) {
            weights[r * shape.inputs + k] = normal(1)[0];
          }
        }
      }
      std::vector<float> values;
      std::vector<uint8_t> inputs;
      std::vector<uint32_t> begins;
      std::vector<uint8_t> order;
      for (size_t first = 0; first < shape.inputs; first += kSparseDepth) {
        const size_t end = std::min(first + kSparseDepth, shape.inputs);
        const auto is_kept = [&](size_t row, size_t k) { return weights[row * shape.inputs + k] != 0; };
        const size_t begin_of_block = order.size();
        if (form == Form::kOrderedRows) {
          std::vector<size_t> entries_of(shape.outputs);
          for (size_t row = 0; row < shape.outputs; ++row) {
            for (size_t k = first; k < end; ++k) entries_of[row] += is_kept(row, k) ? 1 : 0;
          }
          order.resize(begin_of_block + shape.outputs);
          order_rows(entries_of, order.data() + begin_of_block);
        }
        for (size_t place = 0; place < shape.outputs; place += group) {
          const size_t row = order.empty() ? place : row_at(order.data() + begin_of_block, place);
          begins.push_back(static_cast<uint32_t>(inputs.size()));
          for (size_t k = first; k < end; ++k) {
            if (!is_kept(row, k)) continue;
            inputs.push_back(static_cast<uint8_t>(k - first));
            for (size_t r = row; r < row + group; ++r) {
              values.push_back(r < shape.outputs ? weights[r * shape.inputs + k] : 0);
            }
          }
        }
      }
      begins.push_back(static_cast<uint32_t>(inputs.size()));
      Problem problem(shape, weights, random_);
      std::vector<float> scratch(kSparseScratch);
      each_epilogue(problem, slack_of(shape), [&](const Epilogue& epilogue) {
        if (form == Form::kBlocks) {
          for (const RowRange rows : halves(shape.outputs)) {
            multiply_blocks({values.data(), inputs.data(), begins.data(), shape.outputs, shape.inputs}, rows,
                            problem.input(), shape.tokens, epilogue, problem.output(), scratch.data());
          }
          return;
        }
        for (const RowRange rows : halves(shape.outputs, order.empty() ? 4 : kRowWindow)) {
          multiply_sparse({values.data(), inputs.data(), begins.data(), shape.outputs, shape.inputs,
                           order.empty() ? nullptr : order.data()},
                          rows, problem.input(), shape.tokens, epilogue, problem.output(), scratch.data());
        }
      });
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(KernelsTest, FindsTheRangeOfOneReviewAlone) {
  const size_t stride = padded_stride(100);
  std::vector<float> x(3 * stride, 1000.0F);  // other reviews and padding
  for (const auto& [begin, end] : std::vector<std::pair<size_t, size_t>>{{0, 1}, {3, 20}, {16, 48}, {37, 100}}) {
    for (size_t k = 0; k < 3; ++k) {
      for (size_t t = begin; t < end; ++t) x[k * stride + t] = 0.5F;
    }
    x[stride + end - 1] = -2.5F;
    const Range range = find_range({x.data(), stride}, 3, begin, end);
    EXPECT_EQ(range.low, -2.5F);
    EXPECT_EQ(range.high, 0.5F);
    std::fill(x.begin(), x.end(), 1000.0F);
  }
  EXPECT_EQ(find_range({x.data(), stride}, 3, 0, 9).low, 0);  // 0 is always within
}

// One head with its neighbours in a packed batch: columns before the first token and after the last.
struct HeadProblem {
  HeadProblem(size_t head_size, size_t tokens, std::mt19937& random)
      : stride(padded_stride(tokens + first)), scratch(attention_scratch(tokens, head_size)) {
    std::normal_distribution<float> normal;
    for (std::vector<float>* matrix : {&query, &key, &value}) {
      matrix->resize((head_size + kRowGroup) * stride);
      for (float& x : *matrix) x = normal(random);
    }
    head.keys = head.queries = tokens;
    head.head_size = head_size;
  }
  std::vector<float> attended() {
    head.query = {query.data() + first, stride};
    head.key = {key.data() + first, stride};
    head.value = {value.data() + first, stride};
    std::vector<float> out((head.head_size + kRowGroup) * stride, 0.0F);
    attend(head, {out.data() + first, stride}, scratch.data());
    return out;
  }
  static constexpr size_t first = 3;
  size_t stride;
  std::vector<float> query, key, value, scratch;
  AttentionHead head;
};

// Scales: of models; and sharper than any, where scores are too large for powers that are not relative to the highest.
TEST_P(KernelsTest, Attention) {
  for (const size_t head_size : {size_t{1}, size_t{4}, size_t{6}, size_t{32}}) {
    for (const size_t keys : {1, 2, 5, 16, 33, 64, 67, 130}) {
      for (const auto& [scale, error] : {std::pair{0.2F, 3e-6}, {2.5F, 2e-5}}) {
        SCOPED_TRACE(std::to_string(head_size) + " wide, " + std::to_string(keys) + " keys");
        HeadProblem problem(head_size, keys, random_);
        problem.head.scale = scale;
        problem.head.queries = keys % 2 == 0 ? 1 : keys;
        StoredRange range;
        range.tokens = problem.head.queries;
        problem.head.range = &range;
        std::vector<float> out = problem.attended();
        expect_range(range, {out.data() + HeadProblem::first, problem.stride}, head_size);
        const auto at = [&](const std::vector<float>& matrix, size_t feature, size_t token) {
          return static_cast<double>(matrix[feature * problem.stride + HeadProblem::first + token]);
        };
        for (size_t q = 0; q < problem.head.queries; ++q) {
          std::vector<double> powers(keys);
          for (size_t k = 0; k < static_cast<size_t>(keys); ++k) {
            for (size_t d = 0; d < head_size; ++d) powers[k] += scale * at(problem.query, d, q) * at(problem.key, d, k);
          }
          const double highest = *std::max_element(powers.begin(), powers.end());
          double total = 0;
          for (double& power : powers) total += power = std::exp(power - highest);
          for (size_t d = 0; d < head_size; ++d) {
            double sum = 0;
            for (size_t k = 0; k < static_cast<size_t>(keys); ++k) sum += powers[k] / total * at(problem.value, d, k);
            ASSERT_NEAR(at(out, d, q), sum, error) << "query " << q << ", feature " << d;
          }
        }
      }
    }
  }
}

// Of scores that are exact: one feature, a query of 1, and of the keys one after the other the only one with a value.
TEST_P(KernelsTest, SoftmaxIsWithinTheErrorStated) {
  for (const float most : {0.5F, 30.0F, 34.0F, 36.0F, 80.0F}) {
    const size_t keys = 37;
    HeadProblem problem(1, keys, random_);
    std::fill(problem.query.begin(), problem.query.end(), 1.0F);
    std::uniform_real_distribution<float> uniform(-most, most);
    for (float& key : problem.key) key = uniform(random_);
    problem.key[HeadProblem::first] = most;
    double total = 0;
    const auto power = [&](size_t k) { return std::exp(double{problem.key[HeadProblem::first + k]} - double{most}); };
    for (size_t k = 0; k < keys; ++k) total += power(k);
    for (size_t k = 0; k < keys; ++k) {
      std::fill(problem.value.begin(), problem.value.end(), 0.0F);
      problem.value[HeadProblem::first + k] = 1;
      const float weight = problem.attended()[HeadProblem::first];
      const double exact = power(k) / total;
      ASSERT_NEAR(weight, exact, (5e-7 + 2e-7 * std::max<double>(most, 2)) * exact + 1e-37) << "scores to " << most;
    }
  }
}

// What other reviews of a batch hold changes nothing, not even how the powers are taken.
TEST_P(KernelsTest, AttentionIsThatOfAReviewAlone) {
  for (const size_t tokens : {1, 7, 24, 61}) {
    HeadProblem problem(32, tokens, random_);
    problem.head.scale = 0.2F;
    const std::vector<float> alone = problem.attended();
    for (std::vector<float>* matrix : {&problem.query, &problem.key, &problem.value}) {
      for (size_t i = 0; i < matrix->size(); ++i) {
        const size_t column = i % problem.stride;
        if (column < HeadProblem::first || column >= HeadProblem::first + tokens) (*matrix)[i] *= 1e4F;
      }
    }
    const std::vector<float> beside = problem.attended();
    for (size_t d = 0; d < 32; ++d) {
      for (size_t t = HeadProblem::first; t < HeadProblem::first + tokens; ++t) {
        ASSERT_EQ(alone[d * problem.stride + t], beside[d * problem.stride + t]) << "token " << t;
      }
    }
  }
}

TEST_P(KernelsTest, LayerNorm) {
  for (const size_t features : {1, 2, 7, 384}) {
    for (const size_t tokens : {1, 15, 16, 50}) {
      const size_t stride = padded_stride(tokens);
      std::vector<float> x = normal(features * stride);
      for (float& value : x) value = value * 3 + 5;
      const std::vector<float> before = x;
      const std::vector<float> weight = normal(features);
      const std::vector<float> bias = normal(features);
      StoredRange range;
      range.tokens = tokens;
      layer_norm({x.data(), stride}, features, tokens, weight.data(), bias.data(), 1e-5F, &range);
      expect_range(range, {x.data(), stride}, features);
      for (size_t t = 0; t < tokens; ++t) {
        double mean = 0;
        double variance = 0;
        for (size_t f = 0; f < features; ++f) mean += before[f * stride + t] / static_cast<double>(features);
        for (size_t f = 0; f < features; ++f) {
          variance += std::pow(before[f * stride + t] - mean, 2) / static_cast<double>(features);
        }
        for (size_t f = 0; f < features; ++f) {
          const double normal = (before[f * stride + t] - mean) / std::sqrt(variance + 1e-5);
          ASSERT_NEAR(x[f * stride + t], normal * weight[f] + bias[f], 3e-5) << features << " features";
        }
      }
    }
  }
}

TEST_P(KernelsTest, GeluIsWithinTheErrorStated) {
  std::vector<float> x;
  for (int i = -120000; i <= 120000; ++i) x.push_back(static_cast<float>(i) * 1e-4F);
  for (const float value : {-1e30F, -100.0F, 0.0F, -0.0F, 1e-30F, 100.0F, 1e30F}) x.push_back(value);
  std::vector<float> out(x.size());
  gelu(x.data(), x.size(), out.data());
  for (size_t i = 0; i < x.size(); ++i) {
    const double exact = x[i] / 2.0 * std::erfc(-x[i] / std::sqrt(2.0));
    ASSERT_NEAR(out[i], exact, 4e-7 * std::max(1.0, std::abs(static_cast<double>(x[i])))) << x[i];
  }
}

TEST_P(KernelsTest, Exp2IsWithinTheErrorStated) {
  std::vector<float> x;
  for (int i = 0; i <= 125999; ++i) x.push_back(static_cast<float>(-i) * 1e-3F);
  std::vector<float> out(x.size());
  exp2_nonpositive(x.data(), x.size(), out.data());
  EXPECT_EQ(out[0], 1.0F);
  for (size_t i = 0; i < x.size(); ++i) {
    const double exact = std::exp2(static_cast<double>(x[i]));
    ASSERT_NEAR(out[i], exact, 3e-7 * exact) << x[i];
  }
  const std::vector<float> low = {-127.0F, -1e4F, -1e30F};
  exp2_nonpositive(low.data(), low.size(), out.data());
  for (size_t i = 0; i < low.size(); ++i) {
    EXPECT_GE(out[i], 0.0F);
    EXPECT_LE(out[i], 2e-38F);
  }
}

TEST_P(KernelsTest, Widening) {
  for (const size_t count : {1, 3, 8, 16, 21}) {
    std::vector<uint16_t> half;
    for (size_t i = 0; i < count; ++i) half.push_back(static_cast<uint16_t>(0x3c00 + 677 * i));
    std::vector<float> out(count);
    widen_float16(half.data(), count, out.data());
    for (size_t i = 0; i < count; ++i) EXPECT_EQ(out[i], half_to_float(half[i]));
  }
  const std::vector<int8_t> bytes = {-127, 0, 5};
  std::vector<float> out(3);
  widen_int8(bytes.data(), 3, 0.5F, out.data());
  EXPECT_EQ(out, (std::vector<float>{-63.5F, 0, 2.5F}));
}

}  // namespace
}  // namespace coppice::engine::kernels
