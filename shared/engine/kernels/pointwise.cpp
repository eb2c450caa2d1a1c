// Attention, LayerNorm and the functions applied value by value.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "shared/engine/kernels/pointwise.cpp"
#include <hwy/foreach_target.h>  // before highway.h: compiles this file once for each instruction set
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "shared/engine/kernels/kernels.h"
#include "shared/engine/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coppice::engine::kernels::HWY_NAMESPACE {
namespace {

constexpr size_t kAttentionRows = 4;
// Vectors of queries. With 16 registers three: twelve sums, those vectors, and one of the keys.
#if HWY_TARGET == HWY_AVX2
constexpr size_t kAttentionVectors = 3;
#else
constexpr size_t kAttentionVectors = kDenseVectors;
#endif

// A tile of queries is kVectors of them. scores: (keys rounded up to kAttentionRows, kVectors * kLanes). Three
// functions, since the pointers of one loop would take the registers of another.

// scores[key, query] = query . key; highest[query] of all keys.
template <size_t kVectors>
HWY_NOINLINE void score_tile(const AttentionHead& head, size_t query, float* HWY_RESTRICT scores,
                             VF (&highest)[kVectors]) {
  const F32 d;
  constexpr size_t kWidth = kVectors * kLanes;
  const size_t keys = head.keys;
  const size_t head_size = head.head_size;
  const ConstActivations queries{head.query.data + query, head.query.stride};
  LeftColumns left{head.key.data, head.key.stride};
  VF found[kVectors];
  for (size_t v = 0; v < kVectors; ++v) found[v] = hn::Set(d, -std::numeric_limits<float>::max());
  for (size_t key = 0; key < keys; key += kAttentionRows, left.first += kAttentionRows) {
    VF sums[kAttentionRows][kVectors];
    // Columns past the last key are read, which padding or the next review has, and left out below.
    multiply_tile<kAttentionRows, kVectors>(left, queries, head_size, sums);
    float* to = scores + key * kWidth;
    for (size_t r = 0; r < kAttentionRows; ++r) {
      for (size_t v = 0; v < kVectors; ++v) hn::StoreU(sums[r][v], d, to + r * kWidth + v * kLanes);
    }
    // By constants, or, of the last keys, out of memory: sums that are asked for by a row's number would be kept there.
    if (keys - key >= kAttentionRows) {
      for (size_t r = 0; r < kAttentionRows; ++r) {
        for (size_t v = 0; v < kVectors; ++v) found[v] = hn::Max(found[v], sums[r][v]);
      }
    } else {
      for (size_t last = 0; last < keys - key; ++last) {
        for (size_t v = 0; v < kVectors; ++v) {
          found[v] = hn::Max(found[v], hn::LoadU(d, to + last * kWidth + v * kLanes));
        }
      }
    }
  }
  for (size_t v = 0; v < kVectors; ++v) highest[v] = found[v];
}

// scores = 2^(scale * (scores - highest)); inverse[query] = 1 / their sum.
template <size_t kVectors>
HWY_NOINLINE void exponentiate(float* HWY_RESTRICT scores, size_t keys, float scale, const VF (&highest)[kVectors],
                               VF (&inverse)[kVectors]) {
  const F32 d;
  const VF factor = hn::Set(d, scale);
  VF total[kVectors];
  for (size_t v = 0; v < kVectors; ++v) total[v] = hn::Zero(d);
  for (const float* end = scores + keys * kVectors * kLanes; scores < end; scores += kVectors * kLanes) {
    for (size_t v = 0; v < kVectors; ++v) {
      float* at = scores + v * kLanes;
      const VF power = exp2_of(hn::Mul(hn::Sub(hn::LoadU(d, at), highest[v]), factor));
      total[v] = hn::Add(total[v], power);
      hn::StoreU(power, d, at);
    }
  }
  for (size_t v = 0; v < kVectors; ++v) inverse[v] = hn::Div(hn::Set(d, 1.0F), total[v]);
}

// out[feature, query] = inverse[query] * sum over keys of scores[key, query] * value[feature, key].
template <size_t kVectors>
HWY_NOINLINE void mix_values(const AttentionHead& head, const float* scores, const VF (&inverse)[kVectors],
                             size_t query, Activations out) {
  const F32 d;
  constexpr size_t kWidth = kVectors * kLanes;
  for (size_t row = 0; row < head.head_size; row += kAttentionRows) {
    const size_t count = std::min(kAttentionRows, head.head_size - row);
    LeftRows<kAttentionRows> left;
    for (size_t r = 0; r < kAttentionRows; ++r) {
      left.rows[r] = head.value.data + (row + std::min(r, count - 1)) * head.value.stride;
    }
    VF sums[kAttentionRows][kVectors];
    multiply_tile<kAttentionRows, kVectors>(left, {scores, kWidth}, head.keys, sums);
    for (size_t r = 0; r < kAttentionRows; ++r) {
      if (r >= count) break;
      VF values[kVectors];
      for (size_t v = 0; v < kVectors; ++v) values[v] = hn::Mul(sums[r][v], inverse[v]);
      if (head.range != nullptr) widen(*head.range, values, query);
      float* to = out.data + (row + r) * out.stride + query;
      for (size_t v = 0; v < kVectors; ++v) hn::StoreU(values[v], d, to + v * kLanes);
    }
  }
}

// As many queries at a time as there are registers for their sums.
void Attend(const AttentionHead& head, Activations out, float* scratch) {
  each_part<kAttentionVectors>(0, head.queries, [&](auto count, size_t query) HWY_ATTR {
    VF highest[decltype(count)::value];
    VF inverse[decltype(count)::value];
    score_tile(head, query, scratch, highest);
    exponentiate(scratch, head.keys, head.scale * 1.44269504F, highest, inverse);  // log2(e)
    mix_values(head, scratch, inverse, query, out);
  });
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
  for (size_t f = 0; f < features; ++f) {
    const float* row = x.data + f * x.stride;
    for (size_t v = 0; v < kVectors; ++v) mean[v] = hn::Add(mean[v], hn::LoadU(d, row + v * kLanes));
  }
  for (size_t v = 0; v < kVectors; ++v) mean[v] = hn::Mul(mean[v], inverse_count);
  for (size_t f = 0; f < features; ++f) {
    const float* row = x.data + f * x.stride;
    for (size_t v = 0; v < kVectors; ++v) {
      const VF centred = hn::Sub(hn::LoadU(d, row + v * kLanes), mean[v]);
      variance[v] = hn::MulAdd(centred, centred, variance[v]);
    }
  }
  VF factor[kVectors];
  for (size_t v = 0; v < kVectors; ++v) {
    variance[v] = hn::MulAdd(variance[v], inverse_count, hn::Set(d, epsilon));
    factor[v] = hn::Div(hn::Set(d, 1.0F), hn::Sqrt(variance[v]));
  }
  for (size_t f = 0; f < features; ++f) {
    float* row = x.data + f * x.stride;
    const VF times = hn::Set(d, weight[f]);
    const VF plus = hn::Set(d, bias[f]);
    VF values[kVectors];
    for (size_t v = 0; v < kVectors; ++v) {
      const VF normal = hn::Mul(hn::Sub(hn::LoadU(d, row + v * kLanes), mean[v]), factor[v]);
      values[v] = hn::MulAdd(normal, times, plus);
    }
    if (range != nullptr) widen(*range, values, token);
    for (size_t v = 0; v < kVectors; ++v) hn::StoreU(values[v], d, row + v * kLanes);
  }
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

HWY_EXPORT(Attend);
HWY_EXPORT(Normalise);
HWY_EXPORT(Gelu);
HWY_EXPORT(Exp2);

void attend(const AttentionHead& head, Activations out, float* scratch) {
  HWY_DYNAMIC_DISPATCH(Attend)(head, out, scratch);
}
void layer_norm(Activations x, size_t features, size_t tokens, const float* weight, const float* bias, float epsilon,
                StoredRange* range) {
  HWY_DYNAMIC_DISPATCH(Normalise)(x, features, tokens, weight, bias, epsilon, range);
}
void gelu(const float* x, size_t count, float* out) { HWY_DYNAMIC_DISPATCH(Gelu)(x, count, out); }
void exp2_nonpositive(const float* x, size_t count, float* out) { HWY_DYNAMIC_DISPATCH(Exp2)(x, count, out); }

}  // namespace coppice::engine::kernels
#endif
