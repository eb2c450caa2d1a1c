// LayerNorm and the functions applied value by value.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "shared/engine/kernels/pointwise.cpp"
#include <hwy/foreach_target.h>  // before highway.h: compiles this file once for each instruction set
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "shared/engine/kernels/kernels.h"
#include "shared/engine/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coppice::engine::kernels::HWY_NAMESPACE {
namespace {

// call(begin, end) for runs of features, whose sums are added to one another: a sum of all of them one after the other
// would err three times as much, and bytes are made of the result.
template <class Call>
HWY_INLINE void each_run(size_t features, const Call& call) {
  constexpr size_t kRun = 16;
  for (size_t begin = 0; begin < features; begin += kRun) call(begin, std::min(begin + kRun, features));
}

// Some vectors of tokens, feature by feature: the features lie pages apart.
template <size_t kVectors>
HWY_INLINE void normalise_vectors(Activations x, size_t features, size_t token, const float* weight, const float* bias,
                                  float epsilon, StoredRange* range) {
  const F32 d;
  x.data += token;
  const VF inverse_count = hn::Set(d, 1.0F / static_cast<float>(features));
  VF mean[kVectors];
  VF variance[kVectors];
  for (size_t v = 0; v < kVectors; ++v) mean[v] = variance[v] = hn::Zero(d);
  each_run(features, [&](size_t begin, size_t end) HWY_ATTR {
    VF sum[kVectors];
    for (size_t v = 0; v < kVectors; ++v) sum[v] = hn::Zero(d);
    for (size_t f = begin; f < end; ++f) {
      const float* row = x.data + f * x.stride;
      for (size_t v = 0; v < kVectors; ++v) sum[v] = hn::Add(sum[v], hn::LoadU(d, row + v * kLanes));
    }
    for (size_t v = 0; v < kVectors; ++v) mean[v] = hn::Add(mean[v], sum[v]);
  });
  for (size_t v = 0; v < kVectors; ++v) mean[v] = hn::Mul(mean[v], inverse_count);
  each_run(features, [&](size_t begin, size_t end) HWY_ATTR {
    VF sum[kVectors];
    for (size_t v = 0; v < kVectors; ++v) sum[v] = hn::Zero(d);
    for (size_t f = begin; f < end; ++f) {
      const float* row = x.data + f * x.stride;
      for (size_t v = 0; v < kVectors; ++v) {
        const VF centred = hn::Sub(hn::LoadU(d, row + v * kLanes), mean[v]);
        sum[v] = hn::MulAdd(centred, centred, sum[v]);
      }
    }
    for (size_t v = 0; v < kVectors; ++v) variance[v] = hn::Add(variance[v], sum[v]);
  });
  VF factor[kVectors];
  for (size_t v = 0; v < kVectors; ++v) {
    variance[v] = hn::MulAdd(variance[v], inverse_count, hn::Set(d, epsilon));
    factor[v] = hn::Div(hn::Set(d, 1.0F), hn::Sqrt(variance[v]));
  }
  // In registers: each widening of what lies in memory would wait for the one before.
  VF low = hn::Zero(d);
  VF high = hn::Zero(d);
  const bool all = range == nullptr || token + kVectors * kLanes <= range->tokens;
  for (size_t f = 0; f < features; ++f) {
    float* row = x.data + f * x.stride;
    const VF times = hn::Set(d, weight[f]);
    const VF plus = hn::Set(d, bias[f]);
    for (size_t v = 0; v < kVectors; ++v) {
      const VF normal = hn::Mul(hn::Sub(hn::LoadU(d, row + v * kLanes), mean[v]), factor[v]);
      const VF value = hn::MulAdd(normal, times, plus);
      const VF counted = all ? value : before(range->tokens, value, token + v * kLanes);
      low = hn::Min(low, counted);
      high = hn::Max(high, counted);
      hn::StoreU(value, d, row + v * kLanes);
    }
  }
  if (range == nullptr) return;
  hn::StoreU(hn::Min(low, hn::LoadU(d, range->low)), d, range->low);
  hn::StoreU(hn::Max(high, hn::LoadU(d, range->high)), d, range->high);
}

void Normalise(Activations x, size_t features, size_t tokens, const float* weight, const float* bias, float epsilon,
               StoredRange* range) {
  each_part<4>(0, tokens, [&](auto count, size_t token) HWY_ATTR {
    normalise_vectors<decltype(count)::value>(x, features, token, weight, bias, epsilon, range);
  });
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
void Exp2(const float* x, size_t count, float* out) {
  ForEach(x, count, out, [](VF v) HWY_ATTR { return exp2_of(v); });
}

}  // namespace
}  // namespace coppice::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coppice::engine::kernels {

HWY_EXPORT(Normalise);
HWY_EXPORT(Gelu);
HWY_EXPORT(Exp2);

void layer_norm(Activations x, size_t features, size_t tokens, const float* weight, const float* bias, float epsilon,
                StoredRange* range) {
  HWY_DYNAMIC_DISPATCH(Normalise)(x, features, tokens, weight, bias, epsilon, range);
}
void gelu(const float* x, size_t count, float* out) { HWY_DYNAMIC_DISPATCH(Gelu)(x, count, out); }
void exp2_nonpositive(const float* x, size_t count, float* out) { HWY_DYNAMIC_DISPATCH(Exp2)(x, count, out); }

}  // namespace coppice::engine::kernels
#endif
