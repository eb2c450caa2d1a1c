// What the kernels share, once for each instruction set: included below HWY_BEFORE_NAMESPACE of each of their files.
#if defined(COPPICE_ENGINE_KERNELS_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COPPICE_ENGINE_KERNELS_SIMD_INL_H_
#undef COPPICE_ENGINE_KERNELS_SIMD_INL_H_
#else
#define COPPICE_ENGINE_KERNELS_SIMD_INL_H_
#endif

#include <hwy/highway.h>

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
constexpr size_t kTileVectors = 4;
constexpr size_t kTile = kTileVectors * kLanes;
static_assert(kTile <= kMostTile);
// Vectors of tokens that a dense product keeps, times kDenseRows rows: as many sums as there are registers for.
#if HWY_TARGET <= HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr size_t kDenseVectors = 4;
#else
constexpr size_t kDenseVectors = 2;
#endif

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

// 2^x, x <= 0: 2^n * 2^f with |f| <= 1/2, and a polynomial through the Chebyshev nodes for 2^f (2e-8 apart from it). No
// exp(x): to reduce that to 2^f takes five instructions more, and who scales x can scale by log2(e) besides.
HWY_INLINE VF exp2_of(VF x) {
  const F32 d;
  const I32 di;
  x = hn::Max(x, hn::Set(d, -126.0F));  // 2^-126 is the smallest normal number
  const VF shifted = hn::Add(x, rounder());
  const VF f = hn::Sub(x, hn::Sub(shifted, rounder()));
  VF p = hn::Set(d, 1.54614449e-4F);
  p = mul_add(p, f, hn::Set(d, 1.3400428e-3F));
  p = mul_add(p, f, hn::Set(d, 9.61805694e-3F));
  p = mul_add(p, f, hn::Set(d, 5.55032715e-2F));
  p = mul_add(p, f, hn::Set(d, 0.240226507F));
  p = mul_add(p, f, hn::Set(d, 0.693147182F));
  p = mul_add(p, f, hn::Set(d, 1.0F));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), hn::ShiftLeft<23>(hn::BitCast(di, shifted))));
}

// a / b by an estimate and a step of Newton's where the instruction set has an estimate of 11 bits or more.
HWY_INLINE VF quotient(VF a, VF b) {
#if HWY_TARGET <= HWY_SSE4 && HWY_ARCH_X86
  const VF estimate = hn::ApproximateReciprocal(b);
  const VF inverse = hn::Mul(estimate, hn::NegMulAdd(estimate, b, hn::Set(F32(), 2.0F)));
  return hn::Mul(a, inverse);
#else
  return hn::Div(a, b);
#endif
}

// x / 2 * (1 + erf(x / sqrt(2))). erf is the rational function of Eigen's and XLA's float32 implementation on [-4, 4],
// beyond which it is 1 to the last bit.
HWY_INLINE VF gelu_of(VF x) {
  const F32 d;
  VF z = hn::Mul(x, hn::Set(d, 0.70710678F));
  z = hn::Max(hn::Min(z, hn::Set(d, 4.0F)), hn::Set(d, -4.0F));
  const VF z2 = hn::Mul(z, z);
  VF p = hn::Set(d, -2.72614225801306e-10F);
  p = mul_add(p, z2, hn::Set(d, 2.77068142495902e-08F));
  p = mul_add(p, z2, hn::Set(d, -2.10102402082508e-06F));
  p = mul_add(p, z2, hn::Set(d, -5.69250639462346e-05F));
  p = mul_add(p, z2, hn::Set(d, -7.34990630326855e-04F));
  p = mul_add(p, z2, hn::Set(d, -2.95459980854025e-03F));
  p = mul_add(p, z2, hn::Set(d, -1.60960333262415e-02F));
  p = hn::Mul(p, z);
  VF q = hn::Set(d, -1.45660718464996e-05F);
  q = mul_add(q, z2, hn::Set(d, -2.13374055278905e-04F));
  q = mul_add(q, z2, hn::Set(d, -1.68282697438203e-03F));
  q = mul_add(q, z2, hn::Set(d, -7.37332916720468e-03F));
  q = mul_add(q, z2, hn::Set(d, -1.42647390514189e-02F));
  const VF half = hn::Mul(x, hn::Set(d, 0.5F));
  return hn::MulAdd(half, quotient(p, q), half);
}

// The sum of one row and one vector of tokens, made into what is stored.
HWY_INLINE void finish(VF sum, size_t row, size_t token, const Epilogue& epilogue, Activations out) {
  const F32 d;
  sum = hn::Add(sum, hn::Set(d, epilogue.bias[row]));
  if (epilogue.gelu) sum = gelu_of(sum);
  if (epilogue.residual.data != nullptr) {
    sum = hn::Add(sum, hn::LoadU(d, epilogue.residual.data + row * epilogue.residual.stride + token));
  }
  hn::StoreU(sum, d, out.data + row * out.stride + token);
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

// call(constant) with the number of vectors that hold `tokens` tokens, at most kMost, as a compile-time constant.
template <size_t kVectors>
struct VectorCount {
  static constexpr size_t value = kVectors;
};
template <size_t kMost, class Call>
HWY_INLINE void with_vectors(size_t tokens, const Call& call) {
  const size_t vectors = (tokens + kLanes - 1) / kLanes;
  if constexpr (kMost > 2) {
    if (vectors >= 4) return call(VectorCount<4>());
    if (vectors == 3) return call(VectorCount<3>());
  }
  if (vectors >= 2) return call(VectorCount<2>());
  return call(VectorCount<1>());
}

}  // namespace
}  // namespace coppice::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
