// Dense products of 8-bit activations and weights with exact sums in 32 bits, and the rounding to bytes.
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
#ifdef COPPICE_RELAXED_SIMD
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
using Offset = Narrow;  // never asked for
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
    const VI offset = hn::Sub(zero_point, hn::BitCast(I32(), rounder()));
    for (size_t count = 0; count < 4; ++count)
      offsets_[count] = count == 0 ? offset : hn::Add(offset, hn::ShiftLeft<8>(offsets_[count - 1]));
  }
  // The bytes of features k to k + kCount - 1, the first lowest, of a vector of tokens; 0 above them. What makes bytes
  // of what is rounded is added once for all of them.
  template <size_t kCount>
  HWY_INLINE VI bytes_of(const float* x, size_t stride) const {
    VI bytes = rounded(x + (kCount - 1) * stride);
    for (size_t i = kCount - 1; i-- > 0;) bytes = hn::Add(rounded(x + i * stride), hn::ShiftLeft<8>(bytes));
    return hn::Add(bytes, offsets_[kCount - 1]);
  }

 private:
  HWY_INLINE VI rounded(const float* x) const {
    const VF steps = divide(hn::LoadU(F32(), x), scale_, inverse_);
    const VF within = hn::Min(hn::Max(steps, lowest_), highest_);
    return hn::BitCast(I32(), hn::Add(within, rounder()));
  }

  VF scale_, inverse_, lowest_, highest_;
  VI offsets_[4];
};

// Vectors of tokens that have their steps in common, feature by feature: the features lie pages apart. x: of the first
// token.
template <size_t kVectors>
HWY_INLINE void quantize_vectors(ConstActivations x, size_t depth, const ByteSteps& steps, uint8_t* HWY_RESTRICT out) {
  const auto store = [&](auto count, const float* from) HWY_ATTR {
    for (size_t v = 0; v < kVectors; ++v, from += kLanes) {
      store_quads(unsigned_quads(steps.template bytes_of<decltype(count)::value>(from, x.stride)),
                  out + v * kLanes * 4);
    }
    out += kQuadBytes;
  };
  size_t k = 0;
  for (; k + 4 <= depth; k += 4) store(VectorCount<4>(), x.data + k * x.stride);
  if (depth - k == 3) store(VectorCount<3>(), x.data + k * x.stride);
  if (depth - k == 2) store(VectorCount<2>(), x.data + k * x.stride);
  if (depth - k == 1) store(VectorCount<1>(), x.data + k * x.stride);
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
HWY_EXPORT(FindRange);
HWY_EXPORT(Quantize);
HWY_EXPORT(TokenTile);
HWY_EXPORT(OffsetWeights);
HWY_EXPORT(MultipliesByTwos);
HWY_EXPORT(CountTogether);
HWY_EXPORT(MultipliesBytes);

void multiply_int8(const Int8Weights& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                   const Epilogue& epilogue, Activations out) {
  HWY_DYNAMIC_DISPATCH(MultiplyInt8)(weights, rows, x, tokens, epilogue, out);
}
Range find_range(ConstActivations x, size_t depth, size_t begin, size_t end) {
  return HWY_DYNAMIC_DISPATCH(FindRange)(x, depth, begin, end);
}
void quantize(ConstActivations x, size_t depth, size_t tokens, const QuantizedActivations& out) {
  HWY_DYNAMIC_DISPATCH(Quantize)(x, depth, tokens, out);
}
bool multiplies_bytes(bool seven_bits) { return HWY_DYNAMIC_DISPATCH(MultipliesBytes)(seven_bits); }
size_t int8_rows_together() { return HWY_DYNAMIC_DISPATCH(CountTogether)(); }
bool multiplies_by_twos() { return HWY_DYNAMIC_DISPATCH(MultipliesByTwos)(); }
bool offset_weights() { return HWY_DYNAMIC_DISPATCH(OffsetWeights)(); }
size_t token_tile() { return HWY_DYNAMIC_DISPATCH(TokenTile)(); }

}  // namespace coppice::engine::kernels
#endif
