// What the kernels share, once for each instruction set: included below HWY_BEFORE_NAMESPACE of each of their files.
#ifndef COPPICE_UNROLL_4
#ifdef __clang__
#define COPPICE_UNROLL_4  // it does so itself
#else
#define COPPICE_UNROLL_4 _Pragma("GCC unroll 4")  // g++ does not: of the loop that follows
#endif
#endif

#if defined(COPPICE_ENGINE_KERNELS_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COPPICE_ENGINE_KERNELS_SIMD_INL_H_
#undef COPPICE_ENGINE_KERNELS_SIMD_INL_H_
#else
#define COPPICE_ENGINE_KERNELS_SIMD_INL_H_
#endif

#include <hwy/highway.h>

#include "shared/engine/kernels/gelu_table.h"
#include "shared/engine/kernels/kernels.h"
#include "shared/engine/kernels/relaxed.h"

HWY_BEFORE_NAMESPACE();
namespace coppice::engine::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using F32 = hn::CappedTag<float, kMostLanes>;
using I32 = hn::RebindToSigned<F32>;
using VF = hn::Vec<F32>;
using VI = hn::Vec<I32>;

constexpr size_t kLanes = hn::MaxLanes(F32());
// Vectors of tokens that one weight of a sparse matrix meets: what is read for it is read for all of them. AVX2 has 16
// registers, of which eight of sums leave enough, and vectors half as long.
#if HWY_TARGET == HWY_AVX2
constexpr size_t kTileVectors = 8;
#else
constexpr size_t kTileVectors = 4;
#endif
constexpr size_t kTile = kTileVectors * kLanes;
static_assert(kTile <= kMostTile);
// Vectors of tokens that a dense product keeps, times kDenseRows rows: as many sums as there are registers for.
#if HWY_TARGET <= HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr size_t kDenseVectors = 4;
#else
constexpr size_t kDenseVectors = 2;
#endif
// Vectors whose GELU is computed together, found by trial.
constexpr size_t kStoredTogether = HWY_TARGET <= HWY_AVX2 ? 4 : 2;

// Rows of a dense product computed together. Without a fused multiply-add a product takes a register besides the sums,
// and a browser's compiler leaves 15.
#if HWY_TARGET == HWY_WASM && !defined(COPPICE_RELAXED_SIMD)
constexpr size_t kDenseRows = 4;
#else
constexpr size_t kDenseRows = kRowGroup;
#endif
static_assert(kDenseRows <= kRowGroup);

// a * b + c, as the instruction set rounds it.
HWY_INLINE VF mul_add(VF a, VF b, VF c) {
#ifdef COPPICE_RELAXED_SIMD
  return VF{static_cast<decltype(c.raw)>(coppice_relaxed_madd(a.raw, b.raw, c.raw))};
#else
  return hn::MulAdd(a, b, c);
#endif
}

// A value below 2^22 plus this is rounded to an integer, ties to even, that stands in the low bits of the sum. To
// convert takes a browser seven instructions of the processor, and a rounding besides.
HWY_INLINE VF rounder() { return hn::Set(F32(), 12582912.0F); }  // 1.5 * 2^23

// 2^f, |f| <= 1/2: a polynomial through the Chebyshev nodes, 2e-8 apart from it.
HWY_INLINE VF exp2_of_part(VF f) {
  const F32 d;
  VF p = hn::Set(d, 1.54614449e-4F);
  p = mul_add(p, f, hn::Set(d, 1.3400428e-3F));
  p = mul_add(p, f, hn::Set(d, 9.61805694e-3F));
  p = mul_add(p, f, hn::Set(d, 5.55032715e-2F));
  p = mul_add(p, f, hn::Set(d, 0.240226507F));
  p = mul_add(p, f, hn::Set(d, 0.693147182F));
  return mul_add(p, f, hn::Set(d, 1.0F));
}
// power * 2^n, n standing in the low bits of `shifted`.
HWY_INLINE VF times_power(VF power, VF shifted) {
  const I32 di;
  return hn::BitCast(F32(), hn::Add(hn::BitCast(di, power), hn::ShiftLeft<23>(hn::BitCast(di, shifted))));
}

// 2^x, x <= 0: 2^n * 2^f with |f| <= 1/2. No exp(x): to reduce that to 2^f takes five instructions more, and who scales
// x can scale by log2(e) besides.
HWY_INLINE VF exp2_of(VF x) {
  x = hn::Max(x, hn::Set(F32(), -126.0F));  // 2^-126 is the smallest normal number
  const VF shifted = hn::Add(x, rounder());
  return times_power(exp2_of_part(hn::Sub(x, hn::Sub(shifted, rounder()))), shifted);
}

// a / b. Of the vectors of other x86-64 instruction sets by an estimate and a step of Newton's; with AVX2 the division,
// one instruction beside the products, was found to be faster.
HWY_INLINE VF quotient(VF a, VF b) {
#if HWY_TARGET <= HWY_SSE4 && HWY_TARGET != HWY_AVX2 && HWY_ARCH_X86
  const VF estimate = hn::ApproximateReciprocal(b);
  const VF inverse = hn::Mul(estimate, hn::NegMulAdd(estimate, b, hn::Set(F32(), 2.0F)));
  return hn::Mul(a, inverse);
#else
  return hn::Div(a, b);
#endif
}

#if HWY_TARGET <= HWY_AVX3
// GELU of each by gelu_table.h, of which every lane takes what its value asks for.
template <size_t kCount>
HWY_INLINE void gelu_of(VF (&x)[kCount]) {
  const F32 d;
  alignas(64) static constexpr auto kTable = gelu_table();
  VF size[kCount];
  VF within[kCount];
  VF piece[kCount];  // rounder() + i
  VF sum[kCount];
  const VF step = hn::Set(d, static_cast<float>(1 / kGeluStep));
  for (size_t i = 0; i < kCount; ++i) {
    size[i] = hn::Abs(x[i]);
    within[i] = hn::Min(size[i], hn::Set(d, static_cast<float>(kGeluStep * (kGeluPieces - 1))));
    piece[i] = hn::MulAdd(within[i], step, rounder());
    within[i] = hn::MulSub(within[i], step, hn::Sub(piece[i], rounder()));
  }
  for (size_t power = kGeluTerms; power-- > 0;) {
    const VF low = hn::Load(d, kTable[power].data());
    const VF high = hn::Load(d, kTable[power].data() + kLanes);
    for (size_t i = 0; i < kCount; ++i) {
      const VF coefficient{_mm512_permutex2var_ps(low.raw, _mm512_castps_si512(piece[i].raw), high.raw)};
      sum[i] = power == kGeluTerms - 1 ? coefficient : hn::MulAdd(sum[i], within[i], coefficient);
    }
  }
  for (size_t i = 0; i < kCount; ++i) x[i] = hn::MulAdd(size[i], sum[i], hn::Mul(x[i], hn::Set(d, 0.5F)));
}
#else
// sum * z2 + coefficient, of each.
template <size_t kCount>
HWY_INLINE void add_coefficient(VF (&sum)[kCount], const VF (&z2)[kCount], float coefficient) {
  const VF added = hn::Set(F32(), coefficient);
  for (size_t i = 0; i < kCount; ++i) sum[i] = mul_add(sum[i], z2[i], added);
}

// x / 2 * (1 + erf(x / sqrt(2))) of each, step by step: what a step adds is then read once for all of them. erf is the
// rational function of Eigen's and XLA's float32 implementation on [-4, 4], beyond which it is 1 to the last bit; here
// of x, so that its coefficients are those times powers of 1 / sqrt(2).
template <size_t kCount>
HWY_INLINE void gelu_of(VF (&x)[kCount]) {
  const F32 d;
  VF z[kCount];
  VF z2[kCount];
  VF p[kCount];
  VF q[kCount];
  for (size_t i = 0; i < kCount; ++i) {
    z[i] = hn::Max(hn::Min(x[i], hn::Set(d, 5.65685425F)), hn::Set(d, -5.65685425F));
    z2[i] = hn::Mul(z[i], z[i]);
    p[i] = hn::Set(d, -3.01199018e-12F);
    q[i] = hn::Set(d, -9.10379470e-07F);
  }
  add_coefficient(p, z2, 6.12239870e-10F);
  add_coefficient(p, z2, -9.28530213e-08F);
  add_coefficient(p, z2, -5.03151250e-06F);
  add_coefficient(p, z2, -1.29929220e-04F);
  add_coefficient(p, z2, -1.04460877e-03F);
  add_coefficient(p, z2, -1.13816140e-02F);
  add_coefficient(q, z2, -2.66717562e-05F);
  add_coefficient(q, z2, -4.20706754e-04F);
  add_coefficient(q, z2, -3.68666463e-03F);
  add_coefficient(q, z2, -1.42647391e-02F);
  for (size_t i = 0; i < kCount; ++i) {
    const VF half = hn::Mul(x[i], hn::Set(d, 0.5F));
    x[i] = hn::MulAdd(half, quotient(hn::Mul(p[i], z[i]), q[i]), half);
  }
}
#endif
HWY_INLINE VF gelu_of(VF x) {
  VF one[1] = {x};
  gelu_of(one);
  return one[0];
}

// 0 for the tokens of a vector that are not before `end`: columns of another review, or of no meaning.
HWY_INLINE VF before(size_t end, VF values, size_t token) {
  if (token + kLanes <= end) return values;
  return hn::IfThenElseZero(hn::FirstN(F32(), end > token ? end - token : 0), values);
}
template <size_t kVectors>
HWY_INLINE void widen(StoredRange& range, const VF (&values)[kVectors], size_t token) {
  const F32 d;
  VF low = before(range.tokens, values[0], token);
  VF high = low;
  for (size_t v = 1; v < kVectors; ++v) {
    const VF value = before(range.tokens, values[v], token + v * kLanes);
    low = hn::Min(low, value);
    high = hn::Max(high, value);
  }
  // Last, since the next row waits for it.
  hn::StoreU(hn::Min(low, hn::LoadU(d, range.low)), d, range.low);
  hn::StoreU(hn::Max(high, hn::LoadU(d, range.high)), d, range.high);
}

// The values of one row and some vectors of tokens, the bias among them, made into what is stored.
template <size_t kVectors>
HWY_INLINE void store_values(VF (&values)[kVectors], size_t row, size_t token, const Epilogue& epilogue,
                             Activations out) {
  const F32 d;
  if (epilogue.gelu) gelu_of(values);
  if (epilogue.residual.data != nullptr) {
    const float* added = epilogue.residual.data + row * epilogue.residual.stride + token;
    for (size_t v = 0; v < kVectors; ++v) values[v] = hn::Add(values[v], hn::LoadU(d, added + v * kLanes));
  }
  if (epilogue.range != nullptr) widen(*epilogue.range, values, token);
  float* to = out.data + row * out.stride + token;
  for (size_t v = 0; v < kVectors; ++v) hn::StoreU(values[v], d, to + v * kLanes);
}
// kStoredTogether at a time, from kFirst on. For one row: sums of several leave no registers to the functions.
template <size_t kFirst = 0, size_t kVectors>
HWY_INLINE void store_row(const VF (&values)[kVectors], size_t row, size_t token, const Epilogue& epilogue,
                          Activations out) {
  constexpr size_t kPart = kVectors - kFirst < kStoredTogether ? kVectors - kFirst : kStoredTogether;
  VF part[kPart];
  for (size_t v = 0; v < kPart; ++v) part[v] = values[kFirst + v];
  store_values(part, row, token + kFirst * kLanes, epilogue, out);
  if constexpr (kFirst + kPart < kVectors) store_row<kFirst + kPart>(values, row, token, epilogue, out);
}

// The sums of one row, made into what is stored.
template <size_t kVectors>
HWY_INLINE void finish_row(const VF (&sums)[kVectors], size_t row, size_t token, const Epilogue& epilogue,
                           Activations out) {
  const VF bias = hn::Set(F32(), epilogue.bias[row]);
  VF values[kVectors];
  for (size_t v = 0; v < kVectors; ++v) values[v] = hn::Add(sums[v], bias);
  store_row(values, row, token, epilogue, out);
}

// The left factor of a product: rows in memory of their own, or rows side by side in the columns of a matrix.
template <size_t kRows>
struct LeftRows {
  const float* rows[kRows];
  HWY_INLINE float at(size_t row, size_t k) const { return rows[row][k]; }
};
struct LeftColumns {
  const float* first;
  size_t stride;
  HWY_INLINE float at(size_t row, size_t k) const { return first[k * stride + row]; }
};

// Gives left(r, k) in every lane, for each row r in turn: one at a time, since natively six at once leave no registers
// for the sums. A browser has an addition for each address, so there four that lie side by side are read together.
template <size_t kRows, class Left>
class Spread {
 public:
  HWY_INLINE Spread(const Left& left, size_t k) : left_(left), k_(k) {}
  HWY_INLINE VF of(size_t row) const { return hn::Set(F32(), left_.at(row, k_)); }

 private:
  const Left& left_;
  size_t k_;
};
#if HWY_TARGET == HWY_WASM
template <>
class Spread<4, LeftColumns> {
 public:
  HWY_INLINE Spread(const LeftColumns& left, size_t k) : four_(hn::LoadU(F32(), left.first + k * left.stride)) {}
  HWY_INLINE VF of(size_t row) const {
    if (row == 0) return hn::Broadcast<0>(four_);
    if (row == 1) return hn::Broadcast<1>(four_);
    return row == 2 ? hn::Broadcast<2>(four_) : hn::Broadcast<3>(four_);
  }

 private:
  VF four_;
};
#endif

// sums[r][v] = sum over k of left(r, k) * right[k, vector v]. The sums are counted in variables whose places are known
// when compiled: in an array that is also read by a row's number g++ stores each of them at each step.
template <size_t kRows, size_t kVectors, class Left>
HWY_INLINE void multiply_tile(const Left& left, ConstActivations right, size_t depth, VF (&sums)[kRows][kVectors]) {
  const F32 d;
  VF counted[kRows][kVectors];
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t v = 0; v < kVectors; ++v) counted[r][v] = hn::Zero(d);
  }
  const float* HWY_RESTRICT column = right.data;
  // Counting and addresses are a sixth of the instructions.
  COPPICE_UNROLL_4
  for (size_t k = 0; k < depth; ++k, column += right.stride) {
    VF x[kVectors];
    for (size_t v = 0; v < kVectors; ++v) x[v] = hn::LoadU(d, column + v * kLanes);
    const Spread<kRows, Left> weights(left, k);
    for (size_t r = 0; r < kRows; ++r) {
      const VF weight = weights.of(r);
      for (size_t v = 0; v < kVectors; ++v) counted[r][v] = mul_add(weight, x[v], counted[r][v]);
    }
  }
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t v = 0; v < kVectors; ++v) sums[r][v] = counted[r][v];
  }
}

// call(constant) with a number of vectors as a compile-time constant: that hold `tokens` tokens, or fewer, where those
// would be five to seven, or more than kMost.
template <size_t kVectors>
struct VectorCount {
  static constexpr size_t value = kVectors;
};
template <size_t kMost, class Call>
HWY_INLINE void with_vectors(size_t tokens, const Call& call) {
  const size_t vectors = (tokens + kLanes - 1) / kLanes;
  if constexpr (kMost > 7) {
    if (vectors >= 8) return call(VectorCount<8>());
  }
  if constexpr (kMost > 3) {
    if (vectors >= 4) return call(VectorCount<4>());
  }
  if constexpr (kMost > 2) {
    if (vectors >= 3 && (kMost > 3 || vectors != 4)) return call(VectorCount<3>());  // 4 as 2 and 2, not 3 and 1
  }
  if (vectors >= 2) return call(VectorCount<2>());
  return call(VectorCount<1>());
}
// call(constant, token) for one part of the tokens after another, each of so many vectors, the last perhaps not full.
template <size_t kMost, class Call>
HWY_INLINE void each_part(size_t begin, size_t end, const Call& call) {
  size_t token = begin;
  while (token < end) {
    with_vectors<kMost>(end - token, [&](auto count) HWY_ATTR {
      call(count, token);
      token += decltype(count)::value * kLanes;
    });
  }
}

}  // namespace
}  // namespace coppice::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
