// Every kernel against double precision, on every instruction set this machine has, at shapes with every remainder.
#include "shared/engine/kernels/kernels.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "shared/base/half.h"
#include "shared/engine/sparse_quads.h"

namespace coppice::engine::kernels {
namespace {

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

std::vector<int64_t> targets() {
  std::vector<int64_t> all;
  for (int64_t bits = hwy::SupportedTargets() & HWY_TARGETS; bits != 0; bits &= bits - 1) all.push_back(bits & -bits);
  return all;
}
INSTANTIATE_TEST_SUITE_P(Targets, KernelsTest, ::testing::ValuesIn(targets()),
                         [](const auto& info) { return std::string(hwy::TargetName(info.param)); });

struct Shape {
  size_t outputs, inputs, tokens;
};
// Rows: every remainder of groups of 6 and 4. Inputs: of quads, and blocks of 128. Tokens: of vectors of 16, and tiles.
const Shape kShapes[] = {{1, 1, 1},     {2, 3, 5},      {3, 4, 16},     {4, 7, 17},   {5, 8, 31},
                         {6, 9, 33},    {7, 128, 49},   {8, 129, 63},   {9, 200, 64}, {12, 255, 65},
                         {13, 256, 80}, {14, 257, 129}, {11, 385, 200}, {7, 1100, 33}};

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

// Sums of n float32 products err by at most n * 2^-24 of their magnitudes; random ones by far less.
double slack_of(const Shape& shape) { return 1.2e-7 * (2 + std::sqrt(static_cast<double>(shape.inputs))); }

// What was noted while `out` was stored is what is found in it, to the last bit.
void expect_range(const StoredRange& noted, ConstActivations out, size_t features) {
  const Range found = find_range(out, features, 0, noted.tokens);
  EXPECT_EQ(*std::min_element(std::begin(noted.low), std::end(noted.low)), found.low);
  EXPECT_EQ(*std::max_element(std::begin(noted.high), std::end(noted.high)), found.high);
}

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

std::vector<RowRange> halves(size_t rows) {
  const size_t middle = rows / 2 / 4 * 4;
  return {{0, middle}, {middle, rows}};
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
    for (const size_t group : {size_t{1}, size_t{4}}) {
      SCOPED_TRACE(std::to_string(shape.inputs) + " inputs, groups of " + std::to_string(group));
      std::vector<float> weights(shape.outputs * shape.inputs, 0.0F);
      std::vector<float> values;
      std::vector<uint8_t> inputs;
      std::vector<uint32_t> begins;
      const std::vector<float> random_values = normal(weights.size());
      for (size_t first = 0; first < shape.inputs; first += kSparseDepth) {
        for (size_t row = 0; row < shape.outputs; row += group) {
          begins.push_back(static_cast<uint32_t>(inputs.size()));
          for (size_t k = first; k < std::min(first + kSparseDepth, shape.inputs); ++k) {
            if (random_() % 5 != 0) continue;
            inputs.push_back(static_cast<uint8_t>(k - first));
            for (size_t r = row; r < row + group; ++r) {
              const bool inside = r < shape.outputs;
              values.push_back(inside ? random_values[r * shape.inputs + k] : 0);
              if (inside) weights[r * shape.inputs + k] = values.back();
            }
          }
        }
      }
      begins.push_back(static_cast<uint32_t>(inputs.size()));
      Problem problem(shape, weights, random_);
      std::vector<float> scratch(kSparseScratch);
      each_epilogue(problem, slack_of(shape), [&](const Epilogue& epilogue) {
        for (const RowRange rows : halves(shape.outputs)) {
          if (group == 1) {
            multiply_sparse({values.data(), inputs.data(), begins.data(), shape.outputs, shape.inputs}, rows,
                            problem.input(), shape.tokens, epilogue, problem.output(), scratch.data());
          } else {
            multiply_blocks({values.data(), inputs.data(), begins.data(), shape.outputs, shape.inputs}, rows,
                            problem.input(), shape.tokens, epilogue, problem.output(), scratch.data());
          }
        }
      });
      if (HasFatalFailure()) return;
    }
  }
}

// Activations in 8 bits, in memory of their own.
struct Bytes {
  Bytes(size_t depth, size_t tokens)
      : data(quantized_bytes(depth, tokens)),
        scales(padded_stride(tokens), 1.0F),
        zero_points(padded_stride(tokens), 0) {}
  QuantizedActivations view() { return {data.data(), scales.data(), zero_points.data(), uniform}; }
  int at(size_t depth, size_t k, size_t t) const {
    const size_t tile = token_tile();
    return data[t / tile * tile * padded_depth(depth) + k / 4 * tile * 4 + t % tile * 4 + k % 4];
  }
  std::vector<uint8_t> data;
  std::vector<float> scales;
  std::vector<int32_t> zero_points;
  bool uniform = false;
};

TEST_P(KernelsTest, QuantizesAsOnnxDoes) {
  for (const Shape& shape : kShapes) {
    for (const bool uniform : {false, true}) {
      const size_t stride = padded_stride(shape.tokens);
      std::vector<float> x = normal(shape.inputs * stride);
      Bytes bytes(shape.inputs, shape.tokens);
      bytes.uniform = uniform;
      for (size_t t = 0; t < shape.tokens; ++t) {
        bytes.scales[t] = 0.01F + 0.0007F * static_cast<float>(uniform ? 1 : t);
        bytes.zero_points[t] = uniform && t > 0 ? bytes.zero_points[0] : static_cast<int32_t>(random_() % 256);
        // Halfway between two steps, as near as float32 comes: what a product by the inverse would round the wrong way.
        for (size_t k = 0; k < shape.inputs; k += 3) {
          x[k * stride + t] = (static_cast<float>(random_() % 100) + 0.5F) * bytes.scales[t];
        }
      }
      quantize({x.data(), stride}, shape.inputs, shape.tokens, bytes.view());
      for (size_t k = 0; k < padded_depth(shape.inputs); ++k) {
        for (size_t t = 0; t < shape.tokens; ++t) {
          int expected = 0;
          if (k < shape.inputs) {
            const float steps = std::nearbyint(x[k * stride + t] / bytes.scales[t]);
            expected = static_cast<int>(std::clamp(steps + static_cast<float>(bytes.zero_points[t]), 0.0F, 255.0F));
          }
          ASSERT_EQ(bytes.at(shape.inputs, k, t), expected) << "input " << k << ", token " << t;
        }
      }
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

// Rows of padded_depth(inputs) weights as kernels::SparsePairs has them; an entry has 1 pair, or the 2 of a quad.
struct PairEntries {
  PairEntries(const std::vector<int8_t>& weights, size_t outputs, size_t inputs, size_t taken) : quads(taken == 2) {
    const size_t depth = padded_depth(inputs);
    for (size_t block = 0; block < pair_blocks(inputs); ++block) {
      for (size_t r = 0; r < outputs; ++r) {
        begins.push_back(static_cast<uint32_t>(places.size()));
        for (size_t pair = block * kPairBlock; pair < std::min((block + 1) * kPairBlock, depth / 2); pair += taken) {
          std::vector<int32_t> entry;
          for (size_t i = pair; i < pair + taken; ++i) {
            const int8_t* from = weights.data() + r * depth + i / 2 * 4 + i % 2;
            entry.push_back(from[2] * 65536 + (from[0] & 0xFFFF));
          }
          if (std::all_of(entry.begin(), entry.end(), [](int32_t value) { return value == 0; })) continue;
          values.insert(values.end(), entry.begin(), entry.end());
          places.push_back(static_cast<uint8_t>(pair % kPairBlock / taken));
        }
      }
    }
    begins.push_back(static_cast<uint32_t>(places.size()));
  }
  bool quads;
  std::vector<int32_t> values;
  std::vector<uint8_t> places;
  std::vector<uint32_t> begins;
};

// Rows of `depth` weights as kernels::SparseQuads has them.
struct QuadEntries {
  QuadEntries(const std::vector<int8_t>& weights, size_t outputs, size_t depth, bool in_pairs) {
    for (size_t first = 0; first < depth; first += quad_block()) {
      for (size_t r = 0; r < outputs; ++r) {
        begins.push_back(static_cast<uint32_t>(places.size()));
        const std::vector<SparseQuad> quads = find_quads({weights.data() + r * depth, depth}, first, quad_block());
        for (const SparseQuad& quad : in_pairs ? paired(quads) : quads) {
          values.insert(values.end(), quad.values.begin(), quad.values.end());
          places.push_back(quad.place);
        }
      }
    }
    begins.push_back(static_cast<uint32_t>(places.size()));
  }
  std::vector<int8_t> values;
  std::vector<uint8_t> places;
  std::vector<uint32_t> begins;
};

TEST_P(KernelsTest, Int8DenseQuadsAndPairs) {
  for (const int limit : {64, 127}) {
    for (const Shape& shape : kShapes) {
      SCOPED_TRACE(std::to_string(shape.inputs) + " inputs, weights up to " + std::to_string(limit));
      const size_t depth = padded_depth(shape.inputs);
      Bytes bytes(shape.inputs, shape.tokens);
      for (uint8_t& byte : bytes.data) byte = static_cast<uint8_t>(random_() % 3 == 0 ? 255 : random_() % 256);
      bytes.uniform = shape.outputs % 2 == 0;  // one review, or several packed together
      for (size_t t = 0; t < shape.tokens; ++t) {
        bytes.scales[t] = 0.01F + 0.001F * static_cast<float>(bytes.uniform ? 3 : t % 7);
        bytes.zero_points[t] = static_cast<int32_t>(bytes.uniform ? 131 : t % 256);
      }
      std::vector<int8_t> values(shape.outputs * depth, 0);
      std::vector<float> weights(shape.outputs * shape.inputs);
      std::vector<float> scales(shape.outputs);
      std::vector<int32_t> sums(shape.outputs, 0);
      for (size_t r = 0; r < shape.outputs; ++r) {
        scales[r] = 0.002F * static_cast<float>(r + 1);
        for (size_t k = 0; k < shape.inputs; ++k) {
          // A third at either end: there sums of two products overflow 16 bits first.
          const int choice = static_cast<int>(random_() % 6);
          const int value = choice == 0 ? limit : choice == 1 ? -limit : choice < 4 ? 0 : choice - 5;
          values[r * depth + k] = static_cast<int8_t>(value);
          weights[r * shape.inputs + k] = static_cast<float>(value) * scales[r];
          sums[r] += value;
        }
      }
      const PairEntries pairs(values, shape.outputs, shape.inputs, 1);
      const PairEntries pairs_of_quads(values, shape.outputs, shape.inputs, 2);
      ASSERT_EQ(pairs.begins.size(), shape.outputs * pair_blocks(shape.inputs) + 1);
      std::vector<float> scratch(kPairScratch);
      Problem problem(shape, weights, random_);
      const auto input = [&](size_t k, size_t t) {
        return static_cast<double>(bytes.scales[t]) * (bytes.at(shape.inputs, k, t) - bytes.zero_points[t]);
      };
      const Int8Weights dense{values.data(), scales.data(), sums.data(), shape.inputs, 0, limit == 64};
      const QuadEntries quads(values, shape.outputs, depth, false);
      const QuadEntries paired_quads(values, shape.outputs, depth, true);
      enum class Form { kBytes, kPairs, kSparseQuads, kPairedQuads, kSparsePairs, kPairsOfQuads };
      for (const Form form : {Form::kBytes, Form::kPairs, Form::kSparseQuads, Form::kPairedQuads, Form::kSparsePairs,
                              Form::kPairsOfQuads}) {
        const bool of_bytes = form == Form::kBytes || form == Form::kSparseQuads || form == Form::kPairedQuads;
        if (of_bytes && !multiplies_bytes(limit == 64)) continue;
        if (form == Form::kPairedQuads && limit != 64) continue;
        for (const bool gelu : {false, true}) {
          SCOPED_TRACE("form " + std::to_string(static_cast<int>(form)));
          Epilogue epilogue = problem.epilogue(gelu, !gelu);
          StoredRange range;
          range.tokens = shape.tokens;
          epilogue.range = &range;
          for (const RowRange rows : halves(shape.outputs)) {
            switch (form) {
              case Form::kBytes:
                multiply_int8(dense, rows, bytes.view(), shape.tokens, epilogue, problem.output());
                break;
              case Form::kPairs:
                multiply_int8_pairs(dense, rows, bytes.view(), shape.tokens, epilogue, problem.output(),
                                    scratch.data());
                break;
              case Form::kSparseQuads:
              case Form::kPairedQuads: {
                const bool in_pairs = form == Form::kPairedQuads;
                const QuadEntries& taken = in_pairs ? paired_quads : quads;
                multiply_quads({taken.values.data(), taken.places.data(), taken.begins.data(), scales.data(),
                                sums.data(), shape.outputs, shape.inputs, in_pairs},
                               rows, bytes.view(), shape.tokens, epilogue, problem.output());
                break;
              }
              case Form::kSparsePairs:
              case Form::kPairsOfQuads: {
                const PairEntries& taken = form == Form::kSparsePairs ? pairs : pairs_of_quads;
                multiply_pairs({taken.quads, taken.values.data(), taken.places.data(), taken.begins.data(),
                                scales.data(), sums.data(), shape.outputs, shape.inputs},
                               rows, bytes.view(), shape.tokens, epilogue, problem.output(), scratch.data());
                break;
              }
            }
          }
          problem.check(epilogue, 5e-7, input);  // the sum is exact; four roundings follow
          expect_range(range, problem.output(), shape.outputs);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// One head with its neighbours in a packed batch: columns before the first token and after the last.
struct HeadProblem {
  HeadProblem(size_t head_size, size_t tokens, std::mt19937& random)
      : stride(padded_stride(tokens + first)), scratch(attention_scratch(tokens)) {
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
