// Products of 8-bit activations and weights as pairs of 16 bits, dense and without zero pairs: where no instruction
// multiplies the bytes themselves, and where a pair of zeros is worth leaving out.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "shared/engine/kernels/pairs.cpp"
#include <hwy/foreach_target.h>  // before highway.h: compiles this file once for each instruction set
#include <hwy/highway.h>

#include <algorithm>

#include "shared/engine/kernels/int8-inl.h"
#include "shared/engine/kernels/kernels.h"
#include "shared/engine/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coppice::engine::kernels::HWY_NAMESPACE {
namespace {

// Rows of a dense matrix computed together: with two vectors of tokens their sums, a pair of each and a product fill 16
// registers, of which a browser's compiler leaves 15.
constexpr size_t kPairRows = kTogether > 1 ? 1 : kRowGroup;  // apart; in a browser only those after the last group
constexpr size_t kPairVectors = 4;                           // of tokens, that are packed together
static_assert(kPairVectors * kLanes <= kMostTile);
// Of a dense product a browser packs twice as many, since rows are unpacked again for each of them, and blocks are as
// short as then fits the first-level cache.
#if HWY_TARGET == HWY_WASM
constexpr size_t kDensePairVectors = 2 * kPairVectors;
constexpr size_t kDensePairBlock = 192;
#else
constexpr size_t kDensePairVectors = kPairVectors;
constexpr size_t kDensePairBlock = kPairBlock;
#endif
static_assert(kDensePairVectors * kLanes <= kMostTile && kDensePairBlock <= kPairBlock);

// Two 16-bit products in each 32-bit lane, added to sum.
HWY_INLINE VI dot_pairs(VI sum, VI x, VI w) {
#if HWY_TARGET == HWY_SCALAR
  const auto low = [](int32_t pair) { return static_cast<int32_t>(static_cast<int16_t>(pair)); };
  sum.raw += low(x.raw) * low(w.raw) + (x.raw >> 16) * (w.raw >> 16);
  return sum;
#else
  const I32 di;
  const hn::Repartition<int16_t, I32> d16;
  VI high = hn::Zero(di);
#if HWY_TARGET == HWY_NEON
  // Products of the lower and of the upper lanes, which become pairs only when they are put together.
  const VI low = hn::ReorderWidenMulAccumulate(di, hn::BitCast(d16, x), hn::BitCast(d16, w), hn::Zero(di), high);
  return hn::Add(sum, hn::RearrangeToOddPlusEven(low, high));
#else
  const VI low = hn::ReorderWidenMulAccumulate(di, hn::BitCast(d16, x), hn::BitCast(d16, w), sum, high);
  return hn::RearrangeToOddPlusEven(low, high);
#endif
#endif
}

// The pair of the inputs `half` and half + 2 of a quad of weights.
HWY_INLINE int32_t weight_pair(const int8_t* quad, size_t half) {
  return static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint16_t>(quad[half])) |
                              static_cast<uint32_t>(static_cast<uint16_t>(quad[half + 2])) << 16);
}

// A tile of tokens and a block of pairs.
struct PairPass {
  size_t token = 0;
  bool first = false;  // of the blocks
  bool last = false;
  const int32_t* packed = nullptr;  // (pairs of the block, vectors * kLanes)
  size_t pairs = 0;
};

// Of the inputs from `input` on, a multiple of 4, the pairs of each quad.
template <size_t kVectors>
HWY_INLINE void pack_pairs(const QuantizedActivations& x, size_t depth, size_t input, size_t inputs, size_t token,
                           int32_t* HWY_RESTRICT to) {
  const I32 di;
  const hn::RebindToUnsigned<I32> du;
  for (size_t v = 0; v < kVectors; ++v) {
    const size_t first = token + v * kLanes;
    const uint8_t* HWY_RESTRICT from = x.data + first / kTile * kTile * depth + input * kTile + first % kTile * 4;
    for (size_t pair = 0; pair < inputs / 2; pair += 2, from += kQuadBytes) {
      const auto bytes = hn::BitCast(du, unsigned_quads(load_quads(from)));
      const auto low = hn::Set(du, 0x00FF00FFU);
      int32_t* place = to + (pair * kVectors + v) * kLanes;
      hn::StoreU(hn::BitCast(di, hn::And(bytes, low)), di, place);
      hn::StoreU(hn::BitCast(di, hn::And(hn::ShiftRight<8>(bytes), low)), di, place + kVectors * kLanes);
    }
  }
}

template <size_t kVectors>
HWY_INLINE void end_pairs(const VI (&sums)[kVectors], const PairPass& pass, const Int8Rows& all, size_t row,
                          size_t token) {
  if (!pass.last) return keep_sums(sums, row, token, all.out);
  Int8Row(all, row).finish_row(sums, token);
}

// run(count of vectors, pass, block) for each tile of tokens and block of pairs.
template <size_t kMost, size_t kBlock, class Run>
HWY_INLINE void each_pair_block(const QuantizedActivations& x, size_t depth, size_t tokens, float* scratch,
                                const Run& run) {
  auto* packed = reinterpret_cast<int32_t*>(scratch);
  const auto tile_of = [&](auto count, size_t token) HWY_ATTR {
    for (size_t block = 0; block * 2 * kBlock < depth; ++block) {
      const size_t input = block * 2 * kBlock;
      const size_t inputs = std::min(2 * kBlock, depth - input);
      pack_pairs<decltype(count)::value>(x, depth, input, inputs, token, packed);
      run(count, PairPass{token, block == 0, input + inputs == depth, packed, inputs / 2}, block);
    }
  };
  each_part<kMost>(0, tokens, tile_of);
}

// The pairs of `depth` weights of a row.
HWY_INLINE void split_row(const int8_t* HWY_RESTRICT from, size_t depth, int32_t* HWY_RESTRICT to) {
  size_t k = 0;
#if HWY_TARGET != HWY_SCALAR
  const I32 di;
  const hn::Repartition<int16_t, I32> d16;
  for (; k + 4 * kLanes <= depth; k += 4 * kLanes) {
    const auto words = hn::BitCast(d16, load_quads(reinterpret_cast<const uint8_t*>(from) + k));
    const VI even = hn::BitCast(di, hn::ShiftRight<8>(hn::ShiftLeft<8>(words)));
    const VI odd = hn::BitCast(di, hn::ShiftRight<8>(words));
    hn::StoreInterleaved2(even, odd, di, to + k / 2);
  }
#endif
  for (; k < depth; k += 4) {
    to[k / 2] = weight_pair(from + k, 0);
    to[k / 2 + 1] = weight_pair(from + k, 1);
  }
}

// The same of a group of rows, whose pairs then lie side by side.
#if HWY_TARGET == HWY_WASM
HWY_INLINE void split_group(const int8_t* HWY_RESTRICT from, size_t depth, int32_t* HWY_RESTRICT to) {
  static_assert(kTogether == kLanes);
  const I32 di;
  const hn::Repartition<int16_t, I32> d16;
  for (size_t k = 0; k < depth; k += 4, from += 4 * kTogether, to += 2 * kTogether) {
    const auto words = hn::BitCast(d16, load_quads(reinterpret_cast<const uint8_t*>(from)));
    hn::StoreU(hn::BitCast(di, hn::ShiftRight<8>(hn::ShiftLeft<8>(words))), di, to);
    hn::StoreU(hn::BitCast(di, hn::ShiftRight<8>(words)), di, to + kTogether);
  }
}
struct PairsTogether {
  static constexpr size_t kRows = kTogether;
  HWY_ALIGN int32_t pairs[kPairBlock * kTogether];
  HWY_INLINE int32_t of(size_t row, size_t pair) const { return pairs[pair * kTogether + row]; }
};
#endif

// Pairs of weights, as split_row leaves them.
struct PairsApart {
  static constexpr size_t kRows = kPairRows;
  HWY_ALIGN int32_t pairs[kPairRows][kPairBlock];
  HWY_INLINE int32_t of(size_t row, size_t pair) const { return pairs[row][pair]; }
};

// Rows and vectors whose places are known when compiled, as in int8.cpp.
template <size_t kWidth, size_t kVectors, class Left>
HWY_INLINE void multiply_rows(const Left& left, size_t row, size_t row_count, const PairPass& pass, size_t column,
                              const Int8Rows& all) {
  const I32 di;
  VI sums[Left::kRows][kVectors];
  const size_t token = pass.token + column;
  for (size_t r = 0; r < Left::kRows; ++r) {
    for (size_t v = 0; v < kVectors; ++v) {
      sums[r][v] = begin_sum(pass.first, row + std::min(r, row_count - 1), token + v * kLanes, all.out);
    }
  }
  const int32_t* HWY_RESTRICT from = pass.packed + column;
  for (size_t pair = 0; pair < pass.pairs; ++pair, from += kWidth * kLanes) {
    VI quantized[kVectors];
    for (size_t v = 0; v < kVectors; ++v) quantized[v] = hn::LoadU(di, from + v * kLanes);
    for (size_t r = 0; r < Left::kRows; ++r) {
      const VI weight = hn::Set(di, left.of(r, pair));
      for (size_t v = 0; v < kVectors; ++v) sums[r][v] = dot_pairs(sums[r][v], quantized[v], weight);
    }
  }
  for (size_t r = 0; r < Left::kRows; ++r) {
    if (r >= row_count) break;
    end_pairs(sums[r], pass, all, row + r, token);
  }
}

void MultiplyInt8Pairs(const Int8Weights& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                       const Epilogue& epilogue, Activations out, float* scratch) {
  const size_t depth = padded_depth(weights.depth);
  const Int8Rows all(x, weights.scales, weights.sums, epilogue, out);
  const auto multiply_block = [&](auto count, const PairPass& pass, size_t block) HWY_ATTR {
    constexpr size_t kWidth = decltype(count)::value;
    const size_t input = block * 2 * kDensePairBlock;
    const auto multiply = [&](const auto& left, size_t row, size_t row_count) HWY_ATTR {
      for (size_t v = 0; v < kWidth; v += kDenseVectors) {
        constexpr size_t kRest = kWidth % kDenseVectors;
        if (kRest != 0 && v + kDenseVectors > kWidth) {
          multiply_rows<kWidth, std::max<size_t>(kRest, 1)>(left, row, row_count, pass, v * kLanes, all);
        } else {
          multiply_rows<kWidth, std::min(kDenseVectors, kWidth)>(left, row, row_count, pass, v * kLanes, all);
        }
      }
    };
    size_t row = rows.begin;
#if HWY_TARGET == HWY_WASM
    PairsTogether group;
    for (; row < std::min(rows.end, weights.together); row += kTogether) {
      split_group(weights.values + row * depth + input * kTogether, pass.pairs * 2, group.pairs);
      multiply(group, row, kTogether);
    }
#endif
    PairsApart left;
    for (; row < rows.end; row += kPairRows) {
      const size_t row_count = std::min(kPairRows, rows.end - row);
      for (size_t r = 0; r < kPairRows; ++r) {
        const int8_t* from = weights.values + (row + std::min(r, row_count - 1)) * depth;
        split_row(from + input, pass.pairs * 2, left.pairs[r]);
      }
      multiply(left, row, row_count);
    }
  };
  each_pair_block<kDensePairVectors, kDensePairBlock>(x, depth, tokens, scratch, multiply_block);
}

// kQuads: of whole quads, whose pairs lie side by side among the packed ones.
template <bool kQuads>
HWY_INLINE void MultiplySparsePairs(const SparsePairs& weights, RowRange rows, const QuantizedActivations& x,
                                    size_t tokens, const Epilogue& epilogue, Activations out, float* scratch) {
  constexpr size_t kPairs = kQuads ? 2 : 1;  // of an entry
  const Int8Rows all(x, weights.scales, weights.sums, epilogue, out);
  const auto multiply = [&](auto count, const PairPass& pass, size_t block) HWY_ATTR {
    const I32 di;
    constexpr size_t kVectors = decltype(count)::value;
    constexpr size_t kWidth = kVectors * kLanes;
    const uint32_t* begins = weights.begins + block * weights.rows;
    for (size_t row = rows.begin; row < rows.end; ++row) {
      VI sums[kVectors];
      for (size_t v = 0; v < kVectors; ++v) sums[v] = begin_sum(pass.first, row, pass.token + v * kLanes, out);
      const size_t end = begins[row + 1];
      for (size_t i = begins[row]; i < end; ++i) {
        const int32_t* HWY_RESTRICT from = pass.packed + weights.places[i] * kPairs * kWidth;
        for (size_t pair = 0; pair < kPairs; ++pair, from += kWidth) {
          const VI weight = hn::Set(di, weights.values[i * kPairs + pair]);
          for (size_t v = 0; v < kVectors; ++v) {
            sums[v] = dot_pairs(sums[v], hn::LoadU(di, from + v * kLanes), weight);
          }
        }
      }
      if (pass.last) {
        Int8Row(all, row).finish_row(sums, pass.token);
      } else {
        keep_sums(sums, row, pass.token, out);
      }
    }
  };
  each_pair_block<kPairVectors, kPairBlock>(x, padded_depth(weights.depth), tokens, scratch, multiply);
}

void MultiplyPairs(const SparsePairs& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                   const Epilogue& epilogue, Activations out, float* scratch) {
  if (weights.quads) {
    MultiplySparsePairs<true>(weights, rows, x, tokens, epilogue, out, scratch);
  } else {
    MultiplySparsePairs<false>(weights, rows, x, tokens, epilogue, out, scratch);
  }
}

}  // namespace
}  // namespace coppice::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coppice::engine::kernels {

HWY_EXPORT(MultiplyInt8Pairs);
HWY_EXPORT(MultiplyPairs);

void multiply_int8_pairs(const Int8Weights& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                         const Epilogue& epilogue, Activations out, float* scratch) {
  HWY_DYNAMIC_DISPATCH(MultiplyInt8Pairs)(weights, rows, x, tokens, epilogue, out, scratch);
}
void multiply_pairs(const SparsePairs& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                    const Epilogue& epilogue, Activations out, float* scratch) {
  HWY_DYNAMIC_DISPATCH(MultiplyPairs)(weights, rows, x, tokens, epilogue, out, scratch);
}

}  // namespace coppice::engine::kernels
#endif
