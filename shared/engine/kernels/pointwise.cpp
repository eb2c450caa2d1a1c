// LayerNorm and the functions applied value by value.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "shared/engine/kernels/pointwise.cpp"
#include <hwy/foreach_target.h>  // before highway.h: compiles this file once for each instruction set
#include <hwy/highway.h>

#include <cstring>

#include "shared/engine/kernels/kernels.h"
#include "shared/engine/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coppice::engine::kernels::HWY_NAMESPACE {
namespace {

void Normalise(Activations x, size_t features, size_t tokens, const float* weight, const float* bias, float epsilon) {
  const F32 d;
  const VF inverse_count = hn::Set(d, 1.0F / static_cast<float>(features));
  for (size_t token = 0; token < tokens; token += kLanes) {
    float* column = x.data + token;
    VF mean = hn::Zero(d);
    for (size_t f = 0; f < features; ++f) mean = hn::Add(mean, hn::LoadU(d, column + f * x.stride));
    mean = hn::Mul(mean, inverse_count);
    VF variance = hn::Zero(d);
    for (size_t f = 0; f < features; ++f) {
      const VF centred = hn::Sub(hn::LoadU(d, column + f * x.stride), mean);
      variance = hn::MulAdd(centred, centred, variance);
    }
    variance = hn::MulAdd(variance, inverse_count, hn::Set(d, epsilon));
    const VF factor = hn::Div(hn::Set(d, 1.0F), hn::Sqrt(variance));
    for (size_t f = 0; f < features; ++f) {
      const VF normal = hn::Mul(hn::Sub(hn::LoadU(d, column + f * x.stride), mean), factor);
      hn::StoreU(hn::MulAdd(normal, hn::Set(d, weight[f]), hn::Set(d, bias[f])), d, column + f * x.stride);
    }
  }
}

template <class Function>
HWY_INLINE void ForEach(const float* x, size_t count, float* out, const Function& function) {
  const F32 d;
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) hn::StoreU(function(hn::LoadU(d, x + i)), d, out + i);
  if (i == count) return;
  HWY_ALIGN float rest[kLanes] = {};
  std::memcpy(rest, x + i, (count - i) * sizeof(float));
  hn::Store(function(hn::Load(d, rest)), d, rest);
  std::memcpy(out + i, rest, (count - i) * sizeof(float));
}

void Gelu(const float* x, size_t count, float* out) {
  ForEach(x, count, out, [](VF v) HWY_ATTR { return gelu_of(v); });
}
void Exp(const float* x, size_t count, float* out) {
  ForEach(x, count, out, [](VF v) HWY_ATTR { return exp_of(v); });
}

}  // namespace
}  // namespace coppice::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coppice::engine::kernels {

HWY_EXPORT(Normalise);
HWY_EXPORT(Gelu);
HWY_EXPORT(Exp);

void layer_norm(Activations x, size_t features, size_t tokens, const float* weight, const float* bias, float epsilon) {
  HWY_DYNAMIC_DISPATCH(Normalise)(x, features, tokens, weight, bias, epsilon);
}
void gelu(const float* x, size_t count, float* out) { HWY_DYNAMIC_DISPATCH(Gelu)(x, count, out); }
void exp_nonpositive(const float* x, size_t count, float* out) { HWY_DYNAMIC_DISPATCH(Exp)(x, count, out); }

}  // namespace coppice::engine::kernels
#endif
