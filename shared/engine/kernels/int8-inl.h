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
