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

// One tile of queries. scores: (keys rounded up to kAttentionRows, vectors * kLanes).
template <size_t kVectors>
HWY_INLINE void AttendTile(const AttentionHead& head, size_t query, Activations out, float* HWY_RESTRICT scores) {
  const F32 d;
  constexpr size_t kWidth = kVectors * kLanes;
  VF highest[kVectors];
  for (size_t v = 0; v < kVectors; ++v) highest[v] = hn::Set(d, -std::numeric_limits<float>::max());
  for (size_t key = 0; key < head.keys; key += kAttentionRows) {
    VF sums[kAttentionRows][kVectors];
    // Columns past the last key are read, which padding or the next review has, and left out below.
    multiply_tile<kAttentionRows, kVectors>(LeftColumns{head.key.data + key, head.key.stride},
                                            {head.query.data + query, head.query.stride}, head.head_size, sums);
    for (size_t r = 0; r < kAttentionRows; ++r) {
      for (size_t v = 0; v < kVectors; ++v) hn::StoreU(sums[r][v], d, scores + (key + r) * kWidth + v * kLanes);
    }
    // By constants, or, of the last keys, out of memory: sums that are asked for by a row's number would be kept there.
    if (head.keys - key >= kAttentionRows) {
      for (size_t r = 0; r < kAttentionRows; ++r) {
        for (size_t v = 0; v < kVectors; ++v) highest[v] = hn::Max(highest[v], sums[r][v]);
      }
    } else {
      for (size_t last = key; last < head.keys; ++last) {
        for (size_t v = 0; v < kVectors; ++v) {
          highest[v] = hn::Max(highest[v], hn::LoadU(d, scores + last * kWidth + v * kLanes));
        }
      }
    }
  }
  VF total[kVectors];
  for (size_t v = 0; v < kVectors; ++v) total[v] = hn::Zero(d);
  const VF scale = hn::Set(d, head.scale * 1.44269504F);  // log2(e)
  for (size_t key = 0; key < head.keys; ++key) {
    for (size_t v = 0; v < kVectors; ++v) {
      float* at = scores + key * kWidth + v * kLanes;
      const VF power = exp2_of(hn::Mul(hn::Sub(hn::LoadU(d, at), highest[v]), scale));
      total[v] = hn::Add(total[v], power);
      hn::StoreU(power, d, at);
    }
  }
  for (size_t v = 0; v < kVectors; ++v) total[v] = hn::Div(hn::Set(d, 1.0F), total[v]);
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
      for (size_t v = 0; v < kVectors; ++v) {
        hn::StoreU(hn::Mul(sums[r][v], total[v]), d, out.data + (row + r) * out.stride + query + v * kLanes);
      }
    }
  }
}

// As many queries at a time as there are registers for their sums.
void Attend(const AttentionHead& head, Activations out, float* scratch) {
  constexpr size_t kQueries = kDenseVectors * kLanes;
  for (size_t query = 0; query < head.queries; query += kQueries) {
    with_vectors<kDenseVectors>(head.queries - query, [&](auto count) HWY_ATTR {
      AttendTile<decltype(count)::value>(head, query, out, scratch);
    });
  }
}

// Some vectors of tokens, feature by feature: the features lie pages apart.
template <size_t kVectors>
HWY_INLINE void normalise_vectors(Activations x, size_t features, const float* weight, const float* bias,
                                  float epsilon) {
  const F32 d;
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
    for (size_t v = 0; v < kVectors; ++v) {
      const VF normal = hn::Mul(hn::Sub(hn::LoadU(d, row + v * kLanes), mean[v]), factor[v]);
      hn::StoreU(hn::MulAdd(normal, times, plus), d, row + v * kLanes);
    }
  }
}

void Normalise(Activations x, size_t features, size_t tokens, const float* weight, const float* bias, float epsilon) {
  for (size_t token = 0; token < tokens; token += kTile) {
    with_vectors<kTileVectors>(tokens - token, [&](auto count) HWY_ATTR {
      normalise_vectors<decltype(count)::value>({x.data + token, x.stride}, features, weight, bias, epsilon);
    });
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
void layer_norm(Activations x, size_t features, size_t tokens, const float* weight, const float* bias, float epsilon) {
  HWY_DYNAMIC_DISPATCH(Normalise)(x, features, tokens, weight, bias, epsilon);
}
void gelu(const float* x, size_t count, float* out) { HWY_DYNAMIC_DISPATCH(Gelu)(x, count, out); }
void exp2_nonpositive(const float* x, size_t count, float* out) { HWY_DYNAMIC_DISPATCH(Exp2)(x, count, out); }

}  // namespace coppice::engine::kernels
#endif
