// Attention of one head: in float32, and by products of 16 bits for models whose activations are of 8 bits anyway.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "shared/engine/kernels/attention.cpp"
#include <hwy/foreach_target.h>  // before highway.h: compiles this file once for each instruction set
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "shared/engine/kernels/kernels.h"
#include "shared/engine/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coppice::engine::kernels::HWY_NAMESPACE {
namespace {

constexpr size_t kAttentionRows = 4;

// ---- in float32

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
  const VF scale = hn::Set(d, head.scale);
  for (size_t key = 0; key < head.keys; ++key) {
    for (size_t v = 0; v < kVectors; ++v) {
      float* at = scores + key * kWidth + v * kLanes;
      const VF power = exp_of(hn::Mul(hn::Sub(hn::LoadU(d, at), highest[v]), scale));
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

// ---- by products of 16 bits
//
// Queries, keys and values of the head become integers of one scale each, the weights of the softmax integers of
// 0 to kMostWeight. A lane holds a pair of them: two features of a token where scores are summed, two keys where values
// are. All sums are exact, and those of the weights are of the weights as rounded, so that a token's still make one.

// As many keys as a 32-bit sum has room for, with weights and values of 13 bits.
constexpr size_t kKeyBlock = 32;
constexpr float kMostWeight = 8191;
constexpr float kMostValue = 8191;
static_assert(kMostWeight * kMostValue * kKeyBlock < 2147483648.0F);

HWY_INLINE VI pair_of(VI first, VI second) {
  const I32 di;
  return hn::Or(hn::And(first, hn::Set(di, 0xFFFF)), hn::ShiftLeft<16>(second));
}

// A vector of from[row, column...] by `factor`, as integers; 0 from `columns` on.
HWY_INLINE VI integers(ConstActivations from, size_t row, size_t column, size_t columns, VF factor) {
  const F32 d;
  const I32 di;
  VF x = hn::Mul(hn::LoadU(d, from.data + row * from.stride + column), factor);
  // Without what lies after the last column: 0, whatever it is.
  if (column + kLanes > columns) x = hn::IfThenElseZero(hn::FirstN(d, columns - std::min(column, columns)), x);
  return hn::Sub(hn::BitCast(di, hn::Add(x, rounder())), hn::BitCast(di, rounder()));
}

// to[pair * stride + column]: the features 2 * pair and 2 * pair + 1 of columns `begin` to `end` of `from`, whole
// vectors.
HWY_INLINE void pair_features(ConstActivations from, size_t head_size, size_t begin, size_t end, size_t columns,
                              float factor, int32_t* HWY_RESTRICT to, size_t stride) {
  const I32 di;
  const VF factors = hn::Set(F32(), factor);
  for (size_t feature = 0; feature < head_size; feature += 2, to += stride) {
    for (size_t column = begin; column < end; column += kLanes) {
      const VI first = integers(from, feature, column, columns, factors);
      const VI second = feature + 1 < head_size ? integers(from, feature + 1, column, columns, factors) : hn::Zero(di);
      hn::StoreU(pair_of(first, second), di, to + column - begin);
    }
  }
}

// to[pair * kAttentionRows + r]: the keys 2 * pair and 2 * pair + 1 of feature `row` + r; those after the last feature
// are those of the last. `padded`: keys, to whole blocks.
HWY_INLINE void pair_keys(ConstActivations from, size_t row, size_t count, size_t keys, size_t padded, float factor,
                          int32_t* HWY_RESTRICT to) {
  const VF factors = hn::Set(F32(), factor);
  const I32 di;
  HWY_ALIGN int32_t values[kKeyBlock];
  for (size_t r = 0; r < kAttentionRows; ++r) {
    int32_t* HWY_RESTRICT place = to + r;
    for (size_t block = 0; block < padded; block += kKeyBlock) {
      for (size_t key = 0; key < kKeyBlock; key += kLanes) {
        hn::Store(integers(from, row + std::min(r, count - 1), block + key, keys, factors), di, values + key);
      }
      for (size_t key = 0; key < kKeyBlock; key += 2, place += kAttentionRows) {
        *place = static_cast<int32_t>(static_cast<uint32_t>(values[key] & 0xFFFF) |
                                      static_cast<uint32_t>(values[key + 1]) << 16);
      }
    }
  }
}

// sums[r][v] = sum over pairs of left[pair * left_stride + r] . right[pair, vector v].
template <size_t kVectors>
HWY_INLINE void dot_tile(const int32_t* HWY_RESTRICT left, size_t left_stride, const int32_t* HWY_RESTRICT right,
                         size_t pairs, VI (&sums)[kAttentionRows][kVectors]) {
  const I32 di;
  VI counted[kAttentionRows][kVectors];
  for (size_t r = 0; r < kAttentionRows; ++r) {
    for (size_t v = 0; v < kVectors; ++v) counted[r][v] = hn::Zero(di);
  }
  for (size_t pair = 0; pair < pairs; ++pair, left += left_stride, right += kVectors * kLanes) {
    VI x[kVectors];
    for (size_t v = 0; v < kVectors; ++v) x[v] = hn::LoadU(di, right + v * kLanes);
    for (size_t r = 0; r < kAttentionRows; ++r) {
      const VI spread = hn::Set(di, left[r]);
      for (size_t v = 0; v < kVectors; ++v) counted[r][v] = dot_pairs(counted[r][v], x[v], spread);
    }
  }
  for (size_t r = 0; r < kAttentionRows; ++r) {
    for (size_t v = 0; v < kVectors; ++v) sums[r][v] = counted[r][v];
  }
}

// round(kMostWeight * 2^x), x <= 0. The polynomial of degree 4 is 2^x on [-1/2, 1/2] within 4e-6 of it, which is far
// below half a unit.
HWY_INLINE VI weight_of(VF x) {
  const F32 d;
  const I32 di;
  x = hn::Max(x, hn::Set(d, -40.0F));  // no weight is left of it long before
  const VF shifted = hn::Add(x, rounder());
  const VF f = hn::Sub(x, hn::Sub(shifted, rounder()));
  VF p = hn::Set(d, kMostWeight * 9.666368515e-3F);
  p = mul_add(p, f, hn::Set(d, kMostWeight * 5.592197584e-2F));
  p = mul_add(p, f, hn::Set(d, kMostWeight * 2.402234904e-1F));
  p = mul_add(p, f, hn::Set(d, kMostWeight * 6.931210452e-1F));
  p = mul_add(p, f, hn::Set(d, kMostWeight));
  p = hn::BitCast(d, hn::Add(hn::BitCast(di, p), hn::ShiftLeft<23>(hn::BitCast(di, shifted))));
  return hn::BitCast(di, hn::Add(p, rounder()));  // its low 16 bits
}

// What the tiles of a head have in common.
struct Int16Head {
  const int32_t* keys = nullptr;    // (pairs of features, key_stride)
  const int32_t* values = nullptr;  // groups of features, each (padded_keys / 2, kAttentionRows)
  size_t key_stride = 0;
  size_t padded_keys = 0;  // to whole blocks
  float query_factor = 1;
  float score_scale = 1;  // of a sum, as a power of two
  float value_scale = 1;
};

// As AttendTile. weights: as its scores; queries: (pairs of features, vectors * kLanes).
template <size_t kVectors>
HWY_INLINE void AttendTileInt16(const AttentionHead& head, const Int16Head& integer, size_t query, Activations out,
                                int32_t* HWY_RESTRICT weights, int32_t* HWY_RESTRICT queries) {
  const F32 d;
  const I32 di;
  constexpr size_t kWidth = kVectors * kLanes;
  const size_t feature_pairs = (head.head_size + 1) / 2;
  pair_features(head.query, head.head_size, query, query + kWidth, head.queries, integer.query_factor, queries, kWidth);
  VI highest[kVectors];
  for (size_t v = 0; v < kVectors; ++v) highest[v] = hn::Set(di, std::numeric_limits<int32_t>::min());
  for (size_t key = 0; key < head.keys; key += kAttentionRows) {
    VI sums[kAttentionRows][kVectors];
    dot_tile<kVectors>(integer.keys + key, integer.key_stride, queries, feature_pairs, sums);
    for (size_t r = 0; r < kAttentionRows; ++r) {
      for (size_t v = 0; v < kVectors; ++v) hn::StoreU(sums[r][v], di, weights + (key + r) * kWidth + v * kLanes);
    }
    if (head.keys - key >= kAttentionRows) {
      for (size_t r = 0; r < kAttentionRows; ++r) {
        for (size_t v = 0; v < kVectors; ++v) highest[v] = hn::Max(highest[v], sums[r][v]);
      }
    } else {
      for (size_t last = key; last < head.keys; ++last) {
        for (size_t v = 0; v < kVectors; ++v) {
          highest[v] = hn::Max(highest[v], hn::LoadU(di, weights + last * kWidth + v * kLanes));
        }
      }
    }
  }
  // Pairs of weights take the places of scores that have been read.
  const VF scale = hn::Set(d, integer.score_scale);
  const VI ones = hn::Set(di, 0x00010001);
  VI total[kVectors];
  for (size_t v = 0; v < kVectors; ++v) total[v] = hn::Zero(di);
  for (size_t key = 0; key < head.keys; key += 2) {
    for (size_t v = 0; v < kVectors; ++v) {
      const auto weight_at = [&](size_t at) HWY_ATTR {
        const VI score = hn::LoadU(di, weights + at * kWidth + v * kLanes);
        return weight_of(hn::Mul(hn::ConvertTo(d, hn::Sub(score, highest[v])), scale));
      };
      const VI second = key + 1 < head.keys ? weight_at(key + 1) : hn::Zero(di);
      const VI pair = pair_of(weight_at(key), second);
      total[v] = dot_pairs(total[v], pair, ones);
      hn::StoreU(pair, di, weights + key / 2 * kWidth + v * kLanes);
    }
  }
  VF factor[kVectors];
  for (size_t v = 0; v < kVectors; ++v) {
    factor[v] = hn::Div(hn::Set(d, integer.value_scale), hn::ConvertTo(d, total[v]));
  }
  const size_t key_pairs = (head.keys + 1) / 2;
  for (size_t row = 0; row < head.head_size; row += kAttentionRows) {
    const int32_t* group = integer.values + row * (integer.padded_keys / 2);
    VF context[kAttentionRows][kVectors];
    for (size_t r = 0; r < kAttentionRows; ++r) {
      for (size_t v = 0; v < kVectors; ++v) context[r][v] = hn::Zero(d);
    }
    for (size_t pair = 0; pair < key_pairs; pair += kKeyBlock / 2) {
      VI sums[kAttentionRows][kVectors];
      dot_tile<kVectors>(group + pair * kAttentionRows, kAttentionRows, weights + pair * kWidth,
                         std::min(kKeyBlock / 2, key_pairs - pair), sums);
      for (size_t r = 0; r < kAttentionRows; ++r) {
        for (size_t v = 0; v < kVectors; ++v) context[r][v] = hn::Add(context[r][v], hn::ConvertTo(d, sums[r][v]));
      }
    }
    for (size_t r = 0; r < kAttentionRows; ++r) {
      if (row + r >= head.head_size) break;
      for (size_t v = 0; v < kVectors; ++v) {
        hn::StoreU(hn::Mul(context[r][v], factor[v]), d, out.data + (row + r) * out.stride + query + v * kLanes);
      }
    }
  }
}

// The largest magnitude among the first `columns` of a head's rows.
float magnitude(ConstActivations x, size_t head_size, size_t columns) {
  const Range range = kernels::find_range(x, head_size, 0, columns);
  return std::max(-range.low, range.high);
}

void AttendInt16(const AttentionHead& head, Activations out, float* scratch) {
  const float query = magnitude(head.query, head.head_size, head.queries);
  const float key = magnitude(head.key, head.head_size, head.keys);
  const float value = magnitude(head.value, head.head_size, head.keys);
  // Zeros have no scale, and the infinite values of broken weights none that is of use.
  const float smallest = std::min({query, key, value});
  if (!(smallest > std::numeric_limits<float>::min()) || !std::isfinite(query + key + value)) {
    Attend(head, out, scratch);
    return;
  }
  // Sums of head_size products fit 32 bits.
  const float most = std::floor(std::sqrt(2147483647.0F / static_cast<float>(head.head_size + 1)));
  const float most_score = std::min(most, 32767.0F);
  const size_t feature_pairs = (head.head_size + 1) / 2;
  Int16Head integer;
  integer.padded_keys = (head.keys + kKeyBlock - 1) / kKeyBlock * kKeyBlock;
  integer.key_stride = integer.padded_keys;
  integer.query_factor = most_score / query;
  integer.score_scale = head.scale * 1.44269504F * (query / most_score) * (key / most_score);
  integer.value_scale = value / kMostValue;
  auto* weights = reinterpret_cast<int32_t*>(scratch);
  int32_t* keys = weights + (integer.padded_keys + kRowGroup) * kMostTile;
  int32_t* values = keys + feature_pairs * integer.key_stride;
  int32_t* queries = values + (feature_pairs * 2 + kAttentionRows) * (integer.padded_keys / 2);
  pair_features(head.key, head.head_size, 0, integer.padded_keys, head.keys, most_score / key, keys,
                integer.key_stride);
  for (size_t row = 0; row < head.head_size; row += kAttentionRows) {
    pair_keys(head.value, row, std::min(kAttentionRows, head.head_size - row), head.keys, integer.padded_keys,
              kMostValue / value, values + row * (integer.padded_keys / 2));
  }
  integer.keys = keys;
  integer.values = values;
  constexpr size_t kQueries = kDenseVectors * kLanes;
  for (size_t first = 0; first < head.queries; first += kQueries) {
    with_vectors<kDenseVectors>(head.queries - first, [&](auto count) HWY_ATTR {
      AttendTileInt16<decltype(count)::value>(head, integer, first, out, weights, queries);
    });
  }
}

}  // namespace
}  // namespace coppice::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coppice::engine::kernels {

HWY_EXPORT(Attend);
HWY_EXPORT(AttendInt16);

void attend(const AttentionHead& head, Activations out, float* scratch) {
  HWY_DYNAMIC_DISPATCH(Attend)(head, out, scratch);
}
void attend_int16(const AttentionHead& head, Activations out, float* scratch) {
  HWY_DYNAMIC_DISPATCH(AttendInt16)(head, out, scratch);
}

}  // namespace coppice::engine::kernels
#endif
