// The 8-bit kernels against exact sums, on every instruction set this machine has, at shapes with every remainder.
#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "shared/engine/block_quads.h"
#include "shared/engine/row_order.h"
#include "shared/engine/sparse_quads.h"
#include "tests/unit/engine/kernel_problem.h"

namespace coppice::engine::kernels {
namespace {

class Int8KernelsTest : public KernelsTest {};
INSTANTIATE_TEST_SUITE_P(Targets, Int8KernelsTest, ::testing::ValuesIn(targets()),
                         [](const auto& info) { return std::string(hwy::TargetName(info.param)); });

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

TEST_P(Int8KernelsTest, QuantizesAsOnnxDoes) {
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
  QuadEntries(const std::vector<int8_t>& weights, size_t outputs, size_t depth, bool in_pairs, bool ordered) {
    for (size_t first = 0; first < depth; first += quad_block()) {
      std::vector<std::vector<SparseQuad>> found;
      std::vector<size_t> entries_of;
      for (size_t r = 0; r < outputs; ++r) {
        found.push_back(find_quads({weights.data() + r * depth, depth}, first, quad_block()));
        if (in_pairs) found.back() = paired(found.back());
        entries_of.push_back(found.back().size());
      }
      const size_t begin_of_block = order.size();
      if (ordered) {
        order.resize(begin_of_block + outputs);
        order_rows(entries_of, order.data() + begin_of_block);
      }
      for (size_t place = 0; place < outputs; ++place) {
        begins.push_back(static_cast<uint32_t>(places.size()));
        for (const SparseQuad& quad : found[ordered ? row_at(order.data() + begin_of_block, place) : place]) {
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
  std::vector<uint8_t> order;
};

TEST_P(Int8KernelsTest, DenseQuadsBlocksAndPairs) {
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
          int value = choice == 0 ? limit : choice == 1 ? -limit : choice < 4 ? 0 : choice - 5;
          if ((k * 5 + k / 9 + r / 4) % 3 == 0) value = 0;  // 4x1 blocks of zeros
          values[r * depth + k] = static_cast<int8_t>(value);
          weights[r * shape.inputs + k] = static_cast<float>(value) * scales[r];
          sums[r] += value;
        }
      }
      const PairEntries pairs(values, shape.outputs, shape.inputs, 1);
      const PairEntries pairs_of_quads(values, shape.outputs, shape.inputs, 2);
      ASSERT_EQ(pairs.begins.size(), shape.outputs * pair_blocks(shape.inputs) + 1);
      std::vector<float> scratch(std::max(kPairScratch, kByteBlockScratch));
      Problem problem(shape, weights, random_);
      const auto input = [&](size_t k, size_t t) {
        return static_cast<double>(bytes.scales[t]) * (bytes.at(shape.inputs, k, t) - bytes.zero_points[t]);
      };
      const Int8Weights dense{values.data(), scales.data(), sums.data(), shape.inputs, 0, limit == 64};
      std::vector<int8_t> unpadded(shape.outputs * shape.inputs);
      for (size_t i = 0; i < unpadded.size(); ++i) unpadded[i] = values[i / shape.inputs * depth + i % shape.inputs];
      const BlockQuads blocks = find_block_quads(unpadded, shape.outputs, shape.inputs);
      const QuadEntries quads(values, shape.outputs, depth, false, false);
      const QuadEntries paired_quads(values, shape.outputs, depth, true, false);
      const QuadEntries ordered_quads(values, shape.outputs, depth, false, true);
      enum class Form {
        kBytes,
        kSparseQuads,
        kPairedQuads,
        kOrderedQuads,
        kBlocks,
        kPairs,
        kSparsePairs,
        kPairsOfQuads
      };
      for (const Form form : {Form::kBytes, Form::kSparseQuads, Form::kPairedQuads, Form::kOrderedQuads, Form::kBlocks,
                              Form::kPairs, Form::kSparsePairs, Form::kPairsOfQuads}) {
        const bool of_bytes = form < Form::kPairs;
        if (of_bytes && !multiplies_bytes(limit == 64)) continue;
        if (form == Form::kPairedQuads && limit != 64) continue;
        for (const bool gelu : {false, true}) {
          SCOPED_TRACE("form " + std::to_string(static_cast<int>(form)));
          Epilogue epilogue = problem.epilogue(gelu, !gelu);
          StoredRange range;
          range.tokens = shape.tokens;
          epilogue.range = &range;
          for (const RowRange rows : halves(shape.outputs, form == Form::kOrderedQuads ? kRowWindow : 4)) {
            switch (form) {
              case Form::kBytes:
                multiply_int8(dense, rows, bytes.view(), shape.tokens, epilogue, problem.output());
                break;
              case Form::kPairs:
                multiply_int8_pairs(dense, rows, bytes.view(), shape.tokens, epilogue, problem.output(),
                                    scratch.data());
                break;
              case Form::kBlocks:
                multiply_int8_blocks({blocks.values.data(), blocks.inputs.data(), blocks.begins.data(), scales.data(),
                                      sums.data(), shape.outputs, shape.inputs},
                                     rows, bytes.view(), shape.tokens, epilogue, problem.output(), scratch.data());
                break;
              case Form::kSparseQuads:
              case Form::kOrderedQuads:
              case Form::kPairedQuads: {
                const bool in_pairs = form == Form::kPairedQuads;
                const bool ordered = form == Form::kOrderedQuads;
                const QuadEntries& taken = in_pairs ? paired_quads : ordered ? ordered_quads : quads;
                multiply_quads(
                    {taken.values.data(), taken.places.data(), taken.begins.data(), scales.data(), sums.data(),
                     shape.outputs, shape.inputs, in_pairs, ordered ? taken.order.data() : nullptr},
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

}  // namespace
}  // namespace coppice::engine::kernels
