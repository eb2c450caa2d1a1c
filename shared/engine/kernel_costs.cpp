#include "shared/engine/kernel_costs.h"

#include <algorithm>
#include <functional>
#include <vector>

namespace coppice::engine {
namespace {

using namespace kernels;

// A piece of a matrix as MiniLM has them, on one tile of tokens.
constexpr size_t kRows = 96;
constexpr size_t kDepth = 384;
constexpr size_t kTokens = 64;
constexpr size_t kEvery = 5;  // one of so many is not zero
constexpr int kRepeats = 4;
constexpr double kOffsetGain = 0.75;
constexpr int kLeastSteps = 20;      // of the clock, that a time may be believed
constexpr double kMostStep = 1e-3;   // seconds; a coarser clock is of no use here
constexpr int kMostLooks = 1000000;  // at a clock that stands still

// The smallest step of the clock that is seen.
double step_of(double (*now)()) {
  double smallest = kMostStep;
  double before = now();
  for (int seen = 0, looks = 0; seen < 5 && looks < kMostLooks; ++looks) {
    const double time = now();
    if (time == before) continue;
    smallest = std::min(smallest, time - before);
    before = time;
    ++seen;
  }
  return smallest;
}

class Stopwatch {
 public:
  explicit Stopwatch(double (*now)()) : now_(now), least_(kLeastSteps * step_of(now)) {}

  // Seconds of one call, the shortest of several; so many calls together that the clock's steps are small beside them.
  double shortest(const std::function<void()>& work) const {
    double shortest = 1e9;
    int calls = 1;
    for (int i = 0; i < kRepeats;) {
      const double start = now_();
      for (int call = 0; call < calls; ++call) work();
      const double time = now_() - start;
      if (time < least_ && calls < kMostCalls) {
        calls *= 2;
        continue;
      }
      shortest = std::min(shortest, time / calls);
      ++i;
    }
    return shortest;
  }

 private:
  static constexpr int kMostCalls = 256;
  double (*now_)();
  double least_;
};

struct Times {
  double multiplications = 0;  // of the dense ones
  double dense = 0;
  double int8 = 0;
};

KernelCosts measure(const Stopwatch& watch, Times& times) {
  const size_t stride = padded_stride(kTokens);
  const std::vector<float> x(kDepth * stride, 0.5F);
  std::vector<float> out_values(kRows * stride);
  const std::vector<float> bias(kRows, 0.0F);
  const Activations out{out_values.data(), stride};
  Epilogue epilogue;
  epilogue.bias = bias.data();
  const RowRange rows{0, kRows};
  std::vector<float> scratch(std::max(dense_scratch(kDepth), kSparseScratch));

  const std::vector<float> weights(kRows * kDepth, 0.25F);
  const std::vector<uint16_t> half(kRows * kDepth, 0x3400);
  const double dense = watch.shortest([&] {
    multiply_float32(weights.data(), kDepth, rows, {x.data(), stride}, kTokens, epilogue, out);
  });
  if (!(dense > 0)) return {};
  times.dense = dense;
  times.multiplications = static_cast<double>(kRows * kDepth * kTokens);
  const double float16 = watch.shortest([&] {
    multiply_float16(half.data(), kDepth, rows, {x.data(), stride}, kTokens, epilogue, out, scratch.data());
  });

  // Entries at changing places, as pruning leaves them.
  std::vector<uint8_t> inputs;
  std::vector<uint32_t> begins;
  for (size_t block = 0; block < kDepth; block += kSparseDepth) {
    for (size_t row = 0; row < kRows; ++row) {
      begins.push_back(static_cast<uint32_t>(inputs.size()));
      for (size_t k = 0; k < std::min(kSparseDepth, kDepth - block); ++k) {
        if ((row * 7 + k * 3 + k * k * row) % kEvery == 0) inputs.push_back(static_cast<uint8_t>(k));
      }
    }
  }
  begins.push_back(static_cast<uint32_t>(inputs.size()));
  const std::vector<float> entries(inputs.size() * 4, 0.25F);
  const SparseRows sparse{entries.data(), inputs.data(), begins.data(), kRows, kDepth};
  const double sparse_time = watch.shortest([&] {
    multiply_sparse(sparse, rows, {x.data(), stride}, kTokens, epilogue, out, scratch.data());
  });
  // The same entries as of four rows each: the matrix is four times as high.
  std::vector<float> high_values(4 * kRows * stride);
  const std::vector<float> high_bias(4 * kRows, 0.0F);
  Epilogue high_epilogue;
  high_epilogue.bias = high_bias.data();
  const BlockRows blocks{entries.data(), inputs.data(), begins.data(), 4 * kRows, kDepth};
  const double blocks_time = watch.shortest([&] {
    multiply_blocks(blocks, {0, 4 * kRows}, {x.data(), stride}, kTokens, high_epilogue, {high_values.data(), stride},
                    scratch.data());
  });

  std::vector<uint8_t> bytes(quantized_bytes(kDepth, kTokens), 100);
  std::vector<float> token_scales(stride, 0.01F);
  std::vector<int32_t> zero_points(stride, 128);
  const QuantizedActivations quantized{bytes.data(), token_scales.data(), zero_points.data(), true};
  const std::vector<int8_t> values(kRows * kDepth, 3);
  const std::vector<float> row_scales(kRows, 0.01F);
  const std::vector<int32_t> sums(kRows, 0);
  const std::vector<uint16_t> high_inputs(1);
  const std::vector<uint32_t> high_begins(kRows + 1, 0);
  Int8Weights dense_int8{values.data(), row_scales.data(), sums.data(), kDepth, true};
  if (offset_weights()) {
    dense_int8.high_inputs = high_inputs.data();
    dense_int8.high_begins = high_begins.data();
  }
  scratch.resize(std::max(scratch.size(), kPairScratch));
  double offset_int8 = 1e9;
  if (offset_weights()) {
    offset_int8 = watch.shortest([&] { multiply_int8(dense_int8, rows, quantized, kTokens, epilogue, out); });
    dense_int8.high_inputs = nullptr;
    dense_int8.high_begins = nullptr;
  }
  const double int8 = watch.shortest([&] {
    if (multiplies_bytes(true)) {
      multiply_int8(dense_int8, rows, quantized, kTokens, epilogue, out);
    } else {
      multiply_int8_pairs(dense_int8, rows, quantized, kTokens, epilogue, out, scratch.data());
    }
  });
  times.int8 = std::min(int8, offset_int8);
  std::vector<uint16_t> quads;
  std::vector<uint32_t> quad_begins;
  for (size_t row = 0; row < kRows; ++row) {
    quad_begins.push_back(static_cast<uint32_t>(quads.size()));
    for (size_t quad = 0; quad < kDepth / 4; ++quad) {
      if ((row * 5 + quad * 3 + quad * quad * row) % 5 < 3) quads.push_back(static_cast<uint16_t>(quad));
    }
  }
  quad_begins.push_back(static_cast<uint32_t>(quads.size()));
  const std::vector<uint8_t> places(quads.begin(), quads.end());
  const std::vector<int32_t> quad_values(2 * quads.size(), 0x00030003);
  const double quads_time = watch.shortest([&] {
    if (multiplies_bytes(true)) {
      multiply_quads({values.data(), quads.data(), quad_begins.data(), row_scales.data(), sums.data(), kDepth}, rows,
                     quantized, kTokens, epilogue, out);
    } else {
      multiply_pairs(
          {true, quad_values.data(), places.data(), quad_begins.data(), row_scales.data(), sums.data(), kRows, kDepth},
          rows, quantized, kTokens, epilogue, out, scratch.data());
    }
  });

  std::vector<uint8_t> pairs;
  std::vector<uint32_t> pair_begins;
  for (size_t row = 0; row < kRows; ++row) {
    pair_begins.push_back(static_cast<uint32_t>(pairs.size()));
    for (size_t pair = 0; pair < kDepth / 2; ++pair) {
      if ((row * 5 + pair * 3 + pair * pair * row) % 11 < 4) pairs.push_back(static_cast<uint8_t>(pair));
    }
  }
  pair_begins.push_back(static_cast<uint32_t>(pairs.size()));
  static_assert(kDepth / 2 <= kPairBlock);
  const std::vector<int32_t> pair_values(pairs.size(), 0x00030003);
  const double pairs_time = watch.shortest([&] {
    multiply_pairs(
        {false, pair_values.data(), pairs.data(), pair_begins.data(), row_scales.data(), sums.data(), kRows, kDepth},
        rows, quantized, kTokens, epilogue, out, scratch.data());
  });

  const double unit = dense / static_cast<double>(kRows * kDepth);
  KernelCosts costs;
  costs.float16 = float16 / static_cast<double>(kRows * kDepth) / unit;
  costs.sparse = sparse_time / static_cast<double>(inputs.size()) / unit;
  costs.blocks4x1 = blocks_time / static_cast<double>(4 * inputs.size()) / unit;
  // In a whole model the product of offset bytes costs more than here, where all lies in the first cache; with an
  // instruction of its own it takes half the time.
  costs.offset_int8 = offset_int8 < kOffsetGain * int8;
  // Of a multiplication each; the formats are compared by quads.
  costs.int8 = (costs.offset_int8 ? offset_int8 : int8) / static_cast<double>(kRows * kDepth) / unit;
  costs.sparse_pairs = pairs_time / static_cast<double>(2 * pairs.size()) / unit;
  costs.sparse_quads = quads_time / static_cast<double>(4 * quads.size()) / unit;
  return costs;
}

}  // namespace

KernelCosts measure_kernel_costs(double (*now)()) {
  Times times;
  return measure(Stopwatch(now), times);
}

KernelRates measure_kernel_rates(double (*now)()) {
  KernelRates rates;
  const Stopwatch watch(now);
  for (int i = 0; i < 20; ++i) {
    Times times;
    measure(watch, times);
    if (times.dense > 0) rates.float32 = std::max(rates.float32, times.multiplications / times.dense);
    if (times.int8 > 0) rates.int8 = std::max(rates.int8, times.multiplications / times.int8);
  }
  return rates;
}

}  // namespace coppice::engine
