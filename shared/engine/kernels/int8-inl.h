// What the kernels of 8-bit activations share, once for each instruction set: included below HWY_BEFORE_NAMESPACE of
// each of their files.
#if defined(COPPICE_ENGINE_KERNELS_INT8_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COPPICE_ENGINE_KERNELS_INT8_INL_H_
#undef COPPICE_ENGINE_KERNELS_INT8_INL_H_
#else
#define COPPICE_ENGINE_KERNELS_INT8_INL_H_
#endif

#include <hwy/highway.h>

#include "shared/engine/kernels/kernels.h"
#include "shared/engine/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coppice::engine::kernels::HWY_NAMESPACE {
namespace {

constexpr size_t kQuadBytes = kTile * 4;  // of one quad of inputs, for a tile of tokens

HWY_INLINE VI broadcast_quad(const int8_t* from) {
  int32_t bits;
  hwy::CopyBytes<4>(from, &bits);
  return hn::Set(I32(), bits);
}
constexpr size_t kTogether = HWY_TARGET == HWY_WASM ? 4 : 1;  // rows of a group: Int8Weights::together

// One quad of inputs, of a vector of tokens.
HWY_INLINE VI load_quads(const uint8_t* from) {
#if HWY_TARGET == HWY_SCALAR
  return broadcast_quad(reinterpret_cast<const int8_t*>(from));
#else
  return hn::BitCast(I32(), hn::LoadU(hn::Repartition<uint8_t, I32>(), from));
#endif
}
// Quantized activations lie as x - 128 where an instruction takes them so, and as x elsewhere. From one to the other.
HWY_INLINE VI unsigned_quads(VI quads) {
#ifdef COPPICE_RELAXED_SIMD
  return hn::Xor(quads, hn::Set(I32(), relaxed_stored_bits));
#else
  return quads;
#endif
}
HWY_INLINE void store_quads(VI quads, uint8_t* to) {
#if HWY_TARGET == HWY_SCALAR
  hwy::CopyBytes<4>(&quads.raw, to);
#else
  const hn::Repartition<uint8_t, I32> bytes;
  hn::StoreU(hn::BitCast(bytes, quads), bytes, to);
#endif
}

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
#else
using NarrowByTwos = Narrow;  // never asked for
#endif

// Makes the exact sums of rows into what is stored. A copy of it within a loop is read once; what lies behind a pointer
// is read again after every store.
struct Int8Rows {
  HWY_INLINE Int8Rows(const QuantizedActivations& x, const float* scales, const int32_t* sums, const Epilogue& epilogue,
                      Activations out)
      : scales(scales),
        sums(sums),
        x(x),
        scale(x.scales[0]),
        zero_point(x.zero_points[0]),
        epilogue(epilogue),
        out(out) {}
  const float* scales;  // of rows, as the next
  const int32_t* sums;
  QuantizedActivations x;
  float scale;  // of the first token, as the next
  int32_t zero_point;
  Epilogue epilogue;
  Activations out;
};

// Exact sums of a vector of tokens lie where their result will, until the last block of inputs is added. Before the
// first they are 0.
HWY_INLINE VI begin_sum(bool first, size_t row, size_t token, Activations out) {
  return first ? hn::Zero(I32()) : hn::BitCast(I32(), hn::LoadU(F32(), out.data + row * out.stride + token));
}
template <size_t kVectors>
HWY_INLINE void keep_sums(const VI (&sums)[kVectors], size_t row, size_t token, Activations out) {
  float* to = out.data + row * out.stride + token;
  for (size_t v = 0; v < kVectors; ++v) hn::StoreU(hn::BitCast(F32(), sums[v]), F32(), to + v * kLanes);
}

// One of them. What all tokens have in common is worked out once.
class Int8Row {
 public:
  HWY_INLINE Int8Row(const Int8Rows& all, size_t row)
      : all_(all),
        row_(row),
        scale_(all.scales[row]),
        sum_(all.sums[row]),
        bias_(hn::Set(F32(), all.epilogue.bias[row])) {
    if (!all.x.uniform) return;
    zero_ = hn::Set(I32(), all.zero_point * sum_);
    scales_ = hn::Set(F32(), all.scale * scale_);
  }
  template <size_t kVectors>
  HWY_INLINE void finish_row(const VI (&sums)[kVectors], size_t token) const {
    VF values[kVectors];
    for (size_t v = 0; v < kVectors; ++v) values[v] = value_of(sums[v], token + v * kLanes);
    store_row(values, row_, token, all_.epilogue, all_.out);
  }

 private:
  HWY_INLINE VF value_of(VI sum, size_t token) const {
    const F32 d;
    const I32 di;
    const VI zero = all_.x.uniform ? zero_ : hn::Mul(hn::LoadU(di, all_.x.zero_points + token), hn::Set(di, sum_));
    const VF scales = all_.x.uniform ? scales_ : hn::Mul(hn::LoadU(d, all_.x.scales + token), hn::Set(d, scale_));
    return hn::MulAdd(hn::ConvertTo(d, hn::Sub(sum, zero)), scales, bias_);
  }

  const Int8Rows& all_;
  size_t row_;
  float scale_;
  int32_t sum_;
  VF bias_;
  VI zero_ = hn::Zero(I32());
  VF scales_ = hn::Zero(F32());
};

}  // namespace
}  // namespace coppice::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
