// Products of 8-bit activations and weights with exact sums in 32 bits, dense and without zero quads.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "shared/engine/kernels/int8.cpp"
#include <hwy/foreach_target.h>  // before highway.h: compiles this file once for each instruction set
#include <hwy/highway.h>

#include <algorithm>
#include <type_traits>

#include "shared/engine/kernels/int8-inl.h"
#include "shared/engine/kernels/kernels.h"
#include "shared/engine/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coppice::engine::kernels::HWY_NAMESPACE {
namespace {

// Rows apart that are computed at once. In a browser only those after the last group.
constexpr size_t kInt8Rows = kTogether > 1 ? 1 : kRowGroup;
// sum + the dot product of four uint8 of x and four int8 of w in each 32-bit lane. By 16-bit products, of any weights.
[[maybe_unused]] HWY_INLINE VI dot_wide(VI sum, VI x, VI w) {
#if HWY_TARGET == HWY_SCALAR
  const auto bits = static_cast<uint32_t>(x.raw);
  for (int shift = 0; shift < 32; shift += 8) {
    const int32_t weight = static_cast<int8_t>(static_cast<uint32_t>(w.raw) >> shift);
    sum.raw += static_cast<int32_t>((bits >> shift) & 0xFFU) * weight;
  }
  return sum;
#else
  const I32 di;
  const hn::Repartition<int16_t, I32> d16;
  const hn::Repartition<uint16_t, I32> du16;
  const auto x_even = hn::BitCast(d16, hn::And(x, hn::Set(di, 0x00FF00FF)));
  const auto x_odd = hn::BitCast(d16, hn::ShiftRight<8>(hn::BitCast(du16, x)));
  const auto w16 = hn::BitCast(d16, w);
  const auto w_even = hn::ShiftRight<8>(hn::ShiftLeft<8>(w16));
  const auto w_odd = hn::ShiftRight<8>(w16);
  VI high = hn::Zero(di);
  VI low = hn::ReorderWidenMulAccumulate(di, x_even, w_even, hn::Zero(di), high);
  low = hn::ReorderWidenMulAccumulate(di, x_odd, w_odd, low, high);
  return hn::Add(sum, hn::RearrangeToOddPlusEven(low, high));
#endif
}

// The same where all weights are within -64..64, or the processor has an instruction that never saturates.
HWY_INLINE VI dot_narrow(VI sum, VI x, VI w) {
#if HWY_TARGET == HWY_AVX3_DL
  // No intrinsic: Highway 1.0.3 compiles this target with "avxvnni" where it means "avx512vnni".
  asm("vpdpbusd %2, %1, %0" : "+v"(sum.raw) : "v"(x.raw), "v"(w.raw));
  return sum;
#elif HWY_TARGET == HWY_AVX3
  const __m512i pairs = _mm512_maddubs_epi16(x.raw, w.raw);
  return hn::Add(sum, VI{_mm512_madd_epi16(pairs, _mm512_set1_epi16(1))});
#elif HWY_TARGET == HWY_AVX2
  const __m256i pairs = _mm256_maddubs_epi16(x.raw, w.raw);
  return hn::Add(sum, VI{_mm256_madd_epi16(pairs, _mm256_set1_epi16(1))});
#elif HWY_TARGET == HWY_SSE4
  const __m128i pairs = _mm_maddubs_epi16(x.raw, w.raw);
  return hn::Add(sum, VI{_mm_madd_epi16(pairs, _mm_set1_epi16(1))});
#elif defined(COPPICE_RELAXED_SIMD)
  return VI{static_cast<decltype(sum.raw)>(coppice_relaxed_dot(w.raw, x.raw, sum.raw))};
#else
  return dot_wide(sum, x, w);
#endif
}

// The same of two quads at once, of which the sums of four products fit 16 bits: pairs_quads(). What widens them is
// then done once for both.
HWY_INLINE VI dot_paired(VI sum, VI xa, VI wa, VI xb, VI wb) {
#if HWY_TARGET == HWY_AVX3
  const __m512i pairs = _mm512_add_epi16(_mm512_maddubs_epi16(xa.raw, wa.raw), _mm512_maddubs_epi16(xb.raw, wb.raw));
  return hn::Add(sum, VI{_mm512_madd_epi16(pairs, _mm512_set1_epi16(1))});
#elif HWY_TARGET == HWY_AVX2
  const __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(xa.raw, wa.raw), _mm256_maddubs_epi16(xb.raw, wb.raw));
  // No intrinsic: g++ adds into another register and copies, for which eight sums leave none.
  asm("vpaddd %1, %0, %0" : "+x"(sum.raw) : "x"(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1))));
  return sum;
#elif HWY_TARGET == HWY_SSE4
  const __m128i pairs = _mm_add_epi16(_mm_maddubs_epi16(xa.raw, wa.raw), _mm_maddubs_epi16(xb.raw, wb.raw));
  return hn::Add(sum, VI{_mm_madd_epi16(pairs, _mm_set1_epi16(1))});
#elif defined(COPPICE_RELAXED_SIMD)
  const v128_t pairs =
      wasm_i16x8_add(coppice_relaxed_dot_pairs(wa.raw, xa.raw), coppice_relaxed_dot_pairs(wb.raw, xb.raw));
  return hn::Add(sum, VI{static_cast<decltype(sum.raw)>(wasm_i32x4_dot_i16x8(pairs, wasm_i16x8_const_splat(1)))});
#else
  return dot_narrow(dot_narrow(sum, xa, wa), xb, wb);
#endif
}

struct Narrow {
  static constexpr bool kOffset = false;
  HWY_INLINE VI operator()(VI sum, VI x, VI w) const { return dot_narrow(sum, x, w); }
};

#ifdef COPPICE_RELAXED_SIMD
// sum + a product of two bytes in each 16-bit lane, widened. Two instructions and an addition, for processors without
// the one for four: V8 makes five of that, since it has no register for the ones. Ones, a product and four rows of sums
// fill the registers.
HWY_INLINE VI dot_by_twos(VI sum, VI a, VI b) {
  const v128_t pairs = coppice_relaxed_dot_pairs(a.raw, b.raw);
  return hn::Add(sum, VI{static_cast<decltype(sum.raw)>(wasm_i32x4_dot_i16x8(pairs, wasm_i16x8_const_splat(1)))});
}
struct NarrowByTwos : Narrow {
  HWY_INLINE VI operator()(VI sum, VI x, VI w) const { return dot_by_twos(sum, w, x); }
};

// The instruction multiplies int8 by 7 bits: x - 128, as the bytes lie here, by w + 64. With the sums over all (padded)
// inputs,
//   sum of x * w = sum of (x - 128) * (w + 64) - 64 * sum of (x - 128) + 128 * sum of w,
// and where w is 64, which does not fit, it is taken as 63 and x added once more.
struct Offset {
  static constexpr bool kOffset = true;
  HWY_INLINE VI operator()(VI sum, VI x, VI w) const {
    return VI{static_cast<decltype(sum.raw)>(coppice_relaxed_dot(x.raw, w.raw, sum.raw))};
  }
  // What a row's sums lack, of one vector of tokens. shifted: the sum of x - 128.
  static HWY_INLINE VI complete(VI sum, VI shifted, const Int8Weights& weights, size_t row, const uint8_t* tokens) {
    const I32 di;
    const hn::RebindToUnsigned<I32> du;
    const uint32_t high_end = weights.high_begins[row + 1];
    const auto high = static_cast<int32_t>(high_end - weights.high_begins[row]);
    sum = hn::Sub(sum, hn::ShiftLeft<6>(shifted));
    sum = hn::Add(sum, hn::Set(di, (weights.sums[row] - high) * 128));
    for (uint32_t i = weights.high_begins[row]; i < high_end; ++i) {
      const size_t input = weights.high_inputs[i];
      const auto bits = hn::BitCast(du, unsigned_quads(load_quads(tokens + input / 4 * kQuadBytes)));
      const auto values = hn::And(hn::ShiftRightSame(bits, static_cast<int>(input % 4 * 8)), hn::Set(du, 0xFFU));
      sum = hn::Add(sum, hn::BitCast(di, values));
    }
    return sum;
  }
};
struct OffsetByTwos : Offset {
  HWY_INLINE VI operator()(VI sum, VI x, VI w) const { return dot_by_twos(sum, x, w); }
};
#else
using NarrowByTwos = Narrow;  // never asked for
using Offset = Narrow;
using OffsetByTwos = Narrow;
#endif

// Rows of weights, each in memory of its own; or in a group. quad(r, k): the inputs k to k + 3 of the r-th, 4 | k.
template <size_t kCount>
struct RowsApart {
  static constexpr size_t kRows = kCount;
  const int8_t* rows[kCount];
  HWY_INLINE const int8_t* quad(size_t row, size_t k) const { return rows[row] + k; }
};
#if HWY_TARGET == HWY_WASM
struct RowsTogether {
  static constexpr size_t kRows = kTogether;
  const int8_t* first;
  HWY_INLINE const int8_t* quad(size_t row, size_t k) const { return first + k * kTogether + 4 * row; }
};
#endif

// sums[r][v] = sum over k of row r of left, input k, * the bytes of vector v. The sums are counted in variables whose
// places are known when compiled: in an array that is also read by a row's number g++ stores each of them at each step.
template <class Dot, class Left, size_t kVectors>
HWY_INLINE void multiply_tile(const Left& left, const uint8_t* HWY_RESTRICT from, size_t depth,
                              VI (&sums)[Left::kRows][kVectors]) {
  const I32 di;
  VI counted[Left::kRows][kVectors];
  for (size_t r = 0; r < Left::kRows; ++r) {
    for (size_t v = 0; v < kVectors; ++v) counted[r][v] = hn::Zero(di);
  }
  for (size_t k = 0; k < depth; k += 4, from += kQuadBytes) {
    VI quads[kVectors];
    for (size_t v = 0; v < kVectors; ++v) quads[v] = load_quads(from + v * kLanes * 4);
    for (size_t r = 0; r < Left::kRows; ++r) {
      const VI weight = broadcast_quad(left.quad(r, k));
      for (size_t v = 0; v < kVectors; ++v) counted[r][v] = Dot()(counted[r][v], quads[v], weight);
    }
  }
  for (size_t r = 0; r < Left::kRows; ++r) {
    for (size_t v = 0; v < kVectors; ++v) sums[r][v] = counted[r][v];
  }
}

template <class Dot>
HWY_NOINLINE void MultiplyDense(const Int8Weights& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                                const Epilogue& epilogue, Activations out) {
  const I32 di;
  const size_t depth = padded_depth(weights.depth);
  const Int8Rows all_rows(x, weights.scales, weights.sums, epilogue, out);
  for (size_t tile = 0; tile < tokens; tile += kTile) {
    const uint8_t* tile_data = x.data + tile * depth;
    [[maybe_unused]] HWY_ALIGN int32_t shifted[kTile] = {};  // of each token the sum of x - 128
    if constexpr (Dot::kOffset) {
      for (size_t token = 0; token < kTile; token += kLanes) {
        VI sum = hn::Zero(di);
        for (size_t k = 0; k < depth; k += 4) {
          sum = Dot()(sum, load_quads(tile_data + k / 4 * kQuadBytes + token * 4), hn::Set(di, 0x01010101));
        }
        hn::Store(sum, di, shifted + token);
      }
    }
    const size_t tile_end = std::min(tokens, tile + kTile);
    const auto multiply = [&](const auto& left, size_t row, size_t row_count) HWY_ATTR {
      using Left = std::decay_t<decltype(left)>;
      for (size_t token = tile; token < tile_end; token += kDenseVectors * kLanes) {
        with_vectors<kDenseVectors>(tile_end - token, [&](auto count) HWY_ATTR {
          constexpr size_t kVectors = decltype(count)::value;
          VI sums[Left::kRows][kVectors];
          multiply_tile<Dot>(left, tile_data + (token - tile) * 4, depth, sums);
          for (size_t r = 0; r < Left::kRows; ++r) {
            if (r >= row_count) break;
            if constexpr (Dot::kOffset) {
              for (size_t v = 0; v < kVectors; ++v) {
                const size_t place = token - tile + v * kLanes;
                sums[r][v] =
                    Dot::complete(sums[r][v], hn::Load(di, shifted + place), weights, row + r, tile_data + place * 4);
              }
            }
            Int8Row(all_rows, row + r).finish_row(sums[r], token);
          }
        });
      }
    };
    size_t row = rows.begin;
#if HWY_TARGET == HWY_WASM
    for (; row < std::min(rows.end, weights.together); row += kTogether) {
      multiply(RowsTogether{weights.values + row * depth}, row, kTogether);
    }
#endif
    for (; row < rows.end; row += kInt8Rows) {
      const size_t row_count = std::min(kInt8Rows, rows.end - row);
      RowsApart<kInt8Rows> left;
      for (size_t r = 0; r < kInt8Rows; ++r) {
        left.rows[r] = weights.values + (row + std::min(r, row_count - 1)) * depth;
      }
      multiply(left, row, row_count);
    }
  }
}

// What of a tile the first-level cache holds beside what is read of weights, and of sums.
constexpr size_t kQuadBlock = std::min<size_t>(24 * 1024 / kTile, 1024);
static_assert(kQuadBlock % 4 == 0);

// Adds the products of a row's entries to sums. from: the first vector of tokens.
template <class Dot, size_t kVectors>
HWY_INLINE void add_quads(const SparseQuads& weights, size_t row, const uint8_t* HWY_RESTRICT from,
                          VI (&sums)[kVectors]) {
  const I32 di;
  VI others[kVectors];  // a second chain of dependent sums
  for (size_t v = 0; v < kVectors; ++v) others[v] = hn::Zero(di);
  size_t i = weights.begins[row];
  const size_t end = weights.begins[row + 1];
  for (; i + 2 <= end; i += 2) {
    const uint8_t* a = from + weights.places[i] * kQuadBytes;
    const uint8_t* b = from + weights.places[i + 1] * kQuadBytes;
    const VI wa = broadcast_quad(weights.values + 4 * i);
    const VI wb = broadcast_quad(weights.values + 4 * i + 4);
    for (size_t v = 0; v < kVectors; ++v) sums[v] = Dot()(sums[v], load_quads(a + v * kLanes * 4), wa);
    for (size_t v = 0; v < kVectors; ++v) others[v] = Dot()(others[v], load_quads(b + v * kLanes * 4), wb);
  }
  if (i < end) {
    const uint8_t* a = from + weights.places[i] * kQuadBytes;
    const VI wa = broadcast_quad(weights.values + 4 * i);
    for (size_t v = 0; v < kVectors; ++v) sums[v] = Dot()(sums[v], load_quads(a + v * kLanes * 4), wa);
  }
  for (size_t v = 0; v < kVectors; ++v) sums[v] = hn::Add(sums[v], others[v]);
}

// The same of entries that are paired.
template <size_t kVectors>
HWY_INLINE void add_paired_quads(const SparseQuads& weights, size_t row, const uint8_t* HWY_RESTRICT from,
                                 VI (&sums)[kVectors]) {
  VI counted[kVectors];
  for (size_t v = 0; v < kVectors; ++v) counted[v] = sums[v];
  const size_t end = weights.begins[row + 1];
  for (size_t i = weights.begins[row]; i < end; i += 2) {
    const uint8_t* a = from + weights.places[i] * kQuadBytes;
    const uint8_t* b = from + weights.places[i + 1] * kQuadBytes;
    const VI wa = broadcast_quad(weights.values + 4 * i);
    const VI wb = broadcast_quad(weights.values + 4 * i + 4);
    for (size_t v = 0; v < kVectors; ++v) {
      counted[v] = dot_paired(counted[v], load_quads(a + v * kLanes * 4), wa, load_quads(b + v * kLanes * 4), wb);
    }
  }
  for (size_t v = 0; v < kVectors; ++v) sums[v] = counted[v];
}

template <bool kPaired, class Dot>
HWY_NOINLINE void MultiplySparseQuads(const SparseQuads& weights, RowRange rows, const QuantizedActivations& x,
                                      size_t tokens, const Epilogue& epilogue, Activations out) {
  const Int8Rows all_rows(x, weights.scales, weights.sums, epilogue, out);
  const size_t depth = padded_depth(weights.depth);
  const size_t blocks = (depth + kQuadBlock - 1) / kQuadBlock;
  for (size_t tile = 0; tile < tokens; tile += kTile) {
    const uint8_t* tile_data = x.data + tile * depth;
    each_part<kTileVectors>(tile, std::min(tokens, tile + kTile), [&](auto count, size_t token) HWY_ATTR {
      constexpr size_t kVectors = decltype(count)::value;
      SparseQuads taken = weights;
      const Int8Rows ends = all_rows;
      const size_t end = rows.end;
      const uint8_t* from = tile_data + (token - tile) * 4;
      for (size_t block = 0; block < blocks; ++block, taken.begins += weights.rows, from += kQuadBlock * kTile) {
        const bool first = block == 0;
        const bool last = block + 1 == blocks;
        for (size_t row = rows.begin; row < end; ++row) {
          VI sums[kVectors];
          for (size_t v = 0; v < kVectors; ++v) sums[v] = begin_sum(first, row, token + v * kLanes, ends.out);
          if constexpr (kPaired) {
            add_paired_quads(taken, row, from, sums);
          } else {
            add_quads<Dot>(taken, row, from, sums);
          }
          if (last) {
            Int8Row(ends, row).finish_row(sums, token);
          } else {
            keep_sums(sums, row, token, ends.out);
          }
        }
      }
    });
  }
}

void MultiplyInt8(const Int8Weights& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                  const Epilogue& epilogue, Activations out) {
  if (weights.high_begins != nullptr && weights.by_twos) {
    MultiplyDense<OffsetByTwos>(weights, rows, x, tokens, epilogue, out);
  } else if (weights.high_begins != nullptr) {
    MultiplyDense<Offset>(weights, rows, x, tokens, epilogue, out);
  } else if (weights.by_twos) {
    MultiplyDense<NarrowByTwos>(weights, rows, x, tokens, epilogue, out);
  } else {
    MultiplyDense<Narrow>(weights, rows, x, tokens, epilogue, out);
  }
}

void MultiplyQuads(const SparseQuads& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                   const Epilogue& epilogue, Activations out) {
  if (weights.paired) {
    MultiplySparseQuads<true, Narrow>(weights, rows, x, tokens, epilogue, out);
  } else {
    MultiplySparseQuads<false, Narrow>(weights, rows, x, tokens, epilogue, out);
  }
}

Range FindRange(ConstActivations x, size_t depth, size_t begin, size_t end) {
  const F32 d;
  VF low = hn::Zero(d);
  VF high = hn::Zero(d);
  for (size_t k = 0; k < depth; ++k) {
    const float* row = x.data + k * x.stride;
    size_t token = begin;
    for (; token + kLanes <= end; token += kLanes) {
      const VF values = hn::LoadU(d, row + token);
      low = hn::Min(low, values);
      high = hn::Max(high, values);
    }
    if (token < end) {  // 0 in the lanes of the next review
      const VF values = hn::IfThenElseZero(hn::FirstN(d, end - token), hn::LoadU(d, row + token));
      low = hn::Min(low, values);
      high = hn::Max(high, values);
    }
  }
  return {hn::GetLane(hn::MinOfLanes(d, low)), hn::GetLane(hn::MaxOfLanes(d, high))};
}

// x / scale, correctly rounded: with FMA by the inverse (itself correctly rounded) and one correction (Markstein 1990),
// a quarter of the time of a division.
HWY_INLINE VF divide(VF x, VF scale, VF inverse) {
#if HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86
  const VF quotient = hn::Mul(x, inverse);
  return hn::MulAdd(hn::NegMulAdd(quotient, scale, x), inverse, quotient);
#else
  (void)inverse;
  return hn::Div(x, scale);
#endif
}

// From float32 to bytes, of the scale and the zero point of a vector of tokens.
class ByteSteps {
 public:
  HWY_INLINE ByteSteps(const QuantizedActivations& out, size_t token) {
    const F32 d;
    const VI zero_point = hn::LoadU(I32(), out.zero_points + token);
    scale_ = hn::LoadU(d, out.scales + token);
    inverse_ = hn::Div(hn::Set(d, 1.0F), scale_);
    // In steps from the zero point: between integers the bounds may come before the rounding.
    lowest_ = hn::Neg(hn::ConvertTo(d, zero_point));
    highest_ = hn::Add(lowest_, hn::Set(d, 255.0F));
    offset_ = hn::Sub(zero_point, hn::BitCast(I32(), rounder()));
  }
  HWY_INLINE VI byte_of(const float* x) const {
    const VF steps = divide(hn::LoadU(F32(), x), scale_, inverse_);
    const VF within = hn::Min(hn::Max(steps, lowest_), highest_);
    return hn::Add(hn::BitCast(I32(), hn::Add(within, rounder())), offset_);
  }

 private:
  VF scale_, inverse_, lowest_, highest_;
  VI offset_;
};

// Vectors of tokens that have their steps in common, feature by feature: the features lie pages apart. x: of the first
// token.
template <size_t kVectors>
HWY_INLINE void quantize_vectors(ConstActivations x, size_t depth, const ByteSteps& steps, uint8_t* HWY_RESTRICT out) {
  for (size_t k = 0; k < depth; k += 4, out += kQuadBytes) {
    const float* from = x.data + k * x.stride;
    for (size_t v = 0; v < kVectors; ++v, from += kLanes) {
      VI bytes = steps.byte_of(from);
      if (k + 1 < depth) bytes = hn::Or(bytes, hn::ShiftLeft<8>(steps.byte_of(from + x.stride)));
      if (k + 2 < depth) bytes = hn::Or(bytes, hn::ShiftLeft<16>(steps.byte_of(from + 2 * x.stride)));
      if (k + 3 < depth) bytes = hn::Or(bytes, hn::ShiftLeft<24>(steps.byte_of(from + 3 * x.stride)));
      store_quads(unsigned_quads(bytes), out + v * kLanes * 4);
    }
  }
}

void Quantize(ConstActivations x, size_t depth, size_t tokens, const QuantizedActivations& out) {
  for (size_t tile = 0; tile < tokens; tile += kTile) {
    uint8_t* tile_data = out.data + tile * padded_depth(depth);
    const size_t tile_end = std::min(tokens, tile + kTile);
    if (out.uniform) {
      const ByteSteps steps(out, 0);
      each_part<4>(tile, tile_end, [&](auto count, size_t token) HWY_ATTR {
        quantize_vectors<decltype(count)::value>({x.data + token, x.stride}, depth, steps,
                                                 tile_data + (token - tile) * 4);
      });
      continue;
    }
    for (size_t token = tile; token < tile_end; token += kLanes) {
      quantize_vectors<1>({x.data + token, x.stride}, depth, ByteSteps(out, token), tile_data + (token - tile) * 4);
    }
  }
}

size_t TokenTile() { return kTile; }

bool MultipliesBytes(bool seven_bits) {
#if HWY_TARGET == HWY_AVX3_DL
  (void)seven_bits;
  return true;
#elif HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4
  return seven_bits;
#elif defined(COPPICE_RELAXED_SIMD)
  return seven_bits && relaxed_reads_unsigned();
#else
  (void)seven_bits;
  return false;
#endif
}

size_t QuadBlock() { return kQuadBlock; }

bool PairsQuads() {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4
  return true;
#else
  return false;
#endif
}

size_t CountTogether() { return kTogether; }

bool MultipliesByTwos() {
#ifdef COPPICE_RELAXED_SIMD
  return true;
#else
  return false;
#endif
}

bool OffsetWeights() {
#ifdef COPPICE_RELAXED_SIMD
  return !relaxed_reads_unsigned();
#else
  return false;
#endif
}

}  // namespace
}  // namespace coppice::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coppice::engine::kernels {

#ifdef COPPICE_RELAXED_SIMD
namespace {
// By sums of products with 200, which are others where that is -56.
bool try_unsigned() {
  const v128_t ones = wasm_i8x16_splat(1);
  const v128_t bytes = wasm_i8x16_splat(static_cast<int8_t>(200));
  const v128_t zero = wasm_i32x4_splat(0);
  return wasm_i16x8_extract_lane(coppice_relaxed_dot_pairs(ones, bytes), 0) == 400 &&
         wasm_i32x4_extract_lane(coppice_relaxed_dot(ones, bytes, zero), 0) == 800;
}
}  // namespace
int32_t relaxed_stored_bits = try_unsigned() ? 0 : static_cast<int32_t>(0x80808080U);
bool relaxed_reads_unsigned() { return relaxed_stored_bits == 0; }
#endif
void read_signed_bytes() {
#ifdef COPPICE_RELAXED_SIMD
  relaxed_stored_bits = static_cast<int32_t>(0x80808080U);
#endif
}

HWY_EXPORT(MultiplyInt8);
HWY_EXPORT(MultiplyQuads);
HWY_EXPORT(FindRange);
HWY_EXPORT(Quantize);
HWY_EXPORT(TokenTile);
HWY_EXPORT(OffsetWeights);
HWY_EXPORT(MultipliesByTwos);
HWY_EXPORT(QuadBlock);
HWY_EXPORT(PairsQuads);
HWY_EXPORT(CountTogether);
HWY_EXPORT(MultipliesBytes);

void multiply_int8(const Int8Weights& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                   const Epilogue& epilogue, Activations out) {
  HWY_DYNAMIC_DISPATCH(MultiplyInt8)(weights, rows, x, tokens, epilogue, out);
}
void multiply_quads(const SparseQuads& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                    const Epilogue& epilogue, Activations out) {
  HWY_DYNAMIC_DISPATCH(MultiplyQuads)(weights, rows, x, tokens, epilogue, out);
}
Range find_range(ConstActivations x, size_t depth, size_t begin, size_t end) {
  return HWY_DYNAMIC_DISPATCH(FindRange)(x, depth, begin, end);
}
void quantize(ConstActivations x, size_t depth, size_t tokens, const QuantizedActivations& out) {
  HWY_DYNAMIC_DISPATCH(Quantize)(x, depth, tokens, out);
}
bool multiplies_bytes(bool seven_bits) { return HWY_DYNAMIC_DISPATCH(MultipliesBytes)(seven_bits); }
size_t quad_block() { return HWY_DYNAMIC_DISPATCH(QuadBlock)(); }
bool pairs_quads(bool by_twos) { return by_twos || HWY_DYNAMIC_DISPATCH(PairsQuads)(); }
size_t int8_rows_together() { return HWY_DYNAMIC_DISPATCH(CountTogether)(); }
bool multiplies_by_twos() { return HWY_DYNAMIC_DISPATCH(MultipliesByTwos)(); }
bool offset_weights() { return HWY_DYNAMIC_DISPATCH(OffsetWeights)(); }
size_t token_tile() { return HWY_DYNAMIC_DISPATCH(TokenTile)(); }

}  // namespace coppice::engine::kernels
#endif
