// Attention of one head.
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
// Vectors of queries. With 16 registers three: twelve sums, those vectors, and one of the keys.
#if HWY_TARGET == HWY_AVX2
constexpr size_t kAttentionVectors = 3;
#else
constexpr size_t kAttentionVectors = kDenseVectors;
#endif

// Keys whose values are mixed one after the other: sums of more err twice as much, and bytes are made of the result.
// Their scores stay in the first-level cache until then.
constexpr size_t kRunKeys = 128;
static_assert(kRunKeys % kAttentionRows == 0);

struct KeyRun {
  size_t begin = 0;
  size_t end = 0;
};
// call(run) for one run after another.
template <class Call>
HWY_INLINE void each_run(size_t keys, const Call& call) {
  for (size_t key = 0; key < keys; key += kRunKeys) call(KeyRun{key, std::min(key + kRunKeys, keys)});
}

// A tile of queries is kVectors of them. scores: (keys rounded up to kAttentionRows, kVectors * kLanes). Functions of
// their own, since the pointers of one loop would take the registers of another.

#if HWY_NATIVE_FMA
// ---- With a fused multiply-add the power of a score is taken while the score is in a register, when the highest of
// the query's is not known yet. It need not be: a score is s = n + f, n the nearest integer, and 2^f * 2^(n - N) has
// the same digits for any integer N. Scores are within +-|query| * |longest key|, and N is that, where it is so little
// that powers neither overflow nor get lost.

// The sums of squares over the features of some tokens.
template <size_t kVectors>
HWY_INLINE void sum_squares(ConstActivations x, size_t features, VF (&sums)[kVectors]) {
  const F32 d;
  for (size_t v = 0; v < kVectors; ++v) sums[v] = hn::Zero(d);
  for (size_t f = 0; f < features; ++f, x.data += x.stride) {
    for (size_t v = 0; v < kVectors; ++v) {
      const VF value = hn::LoadU(d, x.data + v * kLanes);
      sums[v] = hn::MulAdd(value, value, sums[v]);
    }
  }
}

HWY_NOINLINE float longest_key(const AttentionHead& head) {
  const F32 d;
  VF longest = hn::Zero(d);
  each_part<4>(0, head.keys, [&](auto count, size_t key) HWY_ATTR {
    constexpr size_t kVectors = decltype(count)::value;
    VF squares[kVectors];
    sum_squares({head.key.data + key, head.key.stride}, head.head_size, squares);
    for (size_t v = 0; v < kVectors; ++v) {
      longest = hn::Max(longest, before(head.keys, squares[v], key + v * kLanes));
    }
  });
  return std::sqrt(hn::GetLane(hn::MaxOfLanes(d, longest)));
}

// The power of a score: the sum with shift is rounded to n - N, and what is left of the score is rounded once.
#if HWY_TARGET <= HWY_AVX3
// n is a multiple of 1/16 here, whose power is looked up in a register, so that three terms are left of a polynomial of
// six. Queries have been multiplied by the factor: a product less for each score, and what is left are sums, which some
// processors do beside the products.
HWY_INLINE VF power_rounder() { return hn::Set(F32(), 786432.0F); }  // 1.5 * 2^19
struct Sixteenths {
  // The bits of 2^(j / 16), less those of j that are added to the exponent with n.
  constexpr Sixteenths() : bits() {
    constexpr double kRoot = 1.0442737824274138;  // 2^(1 / 16)
    double power = 1;
    for (uint32_t j = 0; j < 16; ++j, power *= kRoot) {
      bits[j] = static_cast<int32_t>(0x3f800000U + static_cast<uint32_t>((power - 1) * 8388608 + 0.5) - (j << 19));
    }
  }
  alignas(64) int32_t bits[16];
};
constexpr Sixteenths kSixteenths;
HWY_INLINE VF power_of(VF score, VF /*factor*/, VF shift) {
  const F32 d;
  const VF shifted = hn::Add(score, shift);
  const VF f = hn::Sub(score, hn::Sub(shifted, shift));  // at most 1/32: the next term is 9e-9
  VF p = hn::MulAdd(hn::Set(d, 5.55041087e-2F), f, hn::Set(d, 0.240226507F));
  p = hn::MulAdd(p, f, hn::Set(d, 0.693147182F));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0F));
  const VI n = hn::BitCast(I32(), shifted);
  const VI power{_mm512_permutexvar_epi32(n.raw, hn::Load(I32(), kSixteenths.bits).raw)};
  return hn::Mul(p, hn::BitCast(d, hn::Add(power, hn::ShiftLeft<19>(n))));
}
// (features, kVectors * kLanes), at `to`.
template <size_t kVectors>
HWY_INLINE ConstActivations factored(const AttentionHead& head, size_t query, VF factor, float* to) {
  const F32 d;
  const float* from = head.query.data + query;
  float* at = to;
  for (size_t f = 0; f < head.head_size; ++f, from += head.query.stride, at += kVectors * kLanes) {
    for (size_t v = 0; v < kVectors; ++v) {
      hn::StoreU(hn::Mul(factor, hn::LoadU(d, from + v * kLanes)), d, at + v * kLanes);
    }
  }
  return {to, kVectors * kLanes};
}
#else
HWY_INLINE VF power_rounder() { return rounder(); }
HWY_INLINE VF power_of(VF score, VF factor, VF shift) {
  const VF shifted = hn::MulAdd(score, factor, shift);
  return times_power(exp2_of_part(hn::MulSub(score, factor, hn::Sub(shifted, shift))), shifted);
}
template <size_t kVectors>
HWY_INLINE ConstActivations factored(const AttentionHead& head, size_t query, VF /*factor*/, float* /*to*/) {
  return {head.query.data + query, head.query.stride};
}
#endif

// In memory, out of which a power reads them: registers are full of sums.
template <size_t kVectors>
struct Powers {
  HWY_INLINE explicit Powers(float scale) : factor(hn::Set(F32(), scale)) {}
  VF factor;
  VF shift[kVectors];  // power_rounder() - N
};

// False where scores, times factor, may be beyond +-50. longest: of the keys, times factor.
template <size_t kVectors>
HWY_NOINLINE bool find_shifts(const AttentionHead& head, size_t query, float longest, Powers<kVectors>& powers) {
  const F32 d;
  VF squares[kVectors];
  sum_squares({head.query.data + query, head.query.stride}, head.head_size, squares);
  VF most = hn::Zero(d);
  for (size_t v = 0; v < kVectors; ++v) {
    const VF length = hn::Sqrt(before(head.queries, squares[v], query + v * kLanes));
    const VF within = hn::Mul(length, hn::Set(d, longest));
    most = hn::Max(most, within);
    powers.shift[v] = hn::Sub(power_rounder(), hn::Sub(hn::Add(within, rounder()), rounder()));
  }
  return hn::AllTrue(d, hn::Le(most, hn::Set(d, 50.0F)));
}

// scores[key - run.begin, query] = 2^(factor * query . key - N); totals[query] += their sum.
template <size_t kVectors>
HWY_NOINLINE void weigh_run(const AttentionHead& head, KeyRun run, ConstActivations queries,
                            const Powers<kVectors>& powers, float* scores, VF (&totals)[kVectors]) {
  const F32 d;
  constexpr size_t kWidth = kVectors * kLanes;
  const size_t keys = run.end - run.begin;
  const size_t head_size = head.head_size;
  LeftColumns left{head.key.data + run.begin, head.key.stride};
  VF total[kVectors];
  for (size_t v = 0; v < kVectors; ++v) total[v] = totals[v];
  for (size_t key = 0; key < keys; key += kAttentionRows, left.first += kAttentionRows) {
    VF sums[kAttentionRows][kVectors];
    // Columns past the last key are read, which padding or the next review has, and left out below.
    multiply_tile<kAttentionRows, kVectors>(left, queries, head_size, sums);
    float* to = scores + key * kWidth;
    VF added[kVectors];  // the sum of a few first, which errs half as much in all
    for (size_t v = 0; v < kVectors; ++v) added[v] = hn::Zero(d);
    for (size_t r = 0; r < kAttentionRows; ++r) {
      if (key + r >= keys) break;
      for (size_t v = 0; v < kVectors; ++v) {
        const VF power = power_of(sums[r][v], powers.factor, powers.shift[v]);
        added[v] = hn::Add(added[v], power);
        hn::StoreU(power, d, to + r * kWidth + v * kLanes);
      }
    }
    for (size_t v = 0; v < kVectors; ++v) total[v] = hn::Add(total[v], added[v]);
  }
  for (size_t v = 0; v < kVectors; ++v) totals[v] = total[v];
}
#endif

// ---- Without, or where scores may be larger: scores, then their powers relative to the highest.

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

// scores = 2^(scale * (scores - highest)); totals[query] = their sum.
template <size_t kVectors>
HWY_NOINLINE void exponentiate(float* HWY_RESTRICT scores, size_t keys, float scale, const VF (&highest)[kVectors],
                               VF (&totals)[kVectors]) {
  const F32 d;
  const VF factor = hn::Set(d, scale);
  VF total[kVectors];
  for (size_t v = 0; v < kVectors; ++v) total[v] = hn::Zero(d);
  constexpr size_t kRun = 16;  // keys whose powers are added first
  for (size_t first = 0; first < keys; first += kRun) {
    VF added[kVectors];
    for (size_t v = 0; v < kVectors; ++v) added[v] = hn::Zero(d);
    const size_t end = std::min(first + kRun, keys);
    for (size_t key = first; key < end; ++key, scores += kVectors * kLanes) {
      for (size_t v = 0; v < kVectors; ++v) {
        float* at = scores + v * kLanes;
        const VF power = exp2_of(hn::Mul(hn::Sub(hn::LoadU(d, at), highest[v]), factor));
        added[v] = hn::Add(added[v], power);
        hn::StoreU(power, d, at);
      }
    }
    for (size_t v = 0; v < kVectors; ++v) total[v] = hn::Add(total[v], added[v]);
  }
  for (size_t v = 0; v < kVectors; ++v) totals[v] = total[v];
}

// out[feature, query] = sum over the keys of a run of scores[key - run.begin, query] * value[feature, key]; after the
// first run added to what is there, and after the last divided by totals[query].
template <size_t kVectors>
HWY_NOINLINE void mix_run(const AttentionHead& head, KeyRun run, const float* scores, const VF (&totals)[kVectors],
                          size_t query, Activations out) {
  const F32 d;
  constexpr size_t kWidth = kVectors * kLanes;
  const bool last = run.end == head.keys;
  VF inverse[kVectors];
  for (size_t v = 0; v < kVectors; ++v) inverse[v] = hn::Div(hn::Set(d, 1.0F), totals[v]);
  for (size_t row = 0; row < head.head_size; row += kAttentionRows) {
    const size_t count = std::min(kAttentionRows, head.head_size - row);
    LeftRows<kAttentionRows> left;
    for (size_t r = 0; r < kAttentionRows; ++r) {
      left.rows[r] = head.value.data + (row + std::min(r, count - 1)) * head.value.stride + run.begin;
    }
    VF sums[kAttentionRows][kVectors];
    multiply_tile<kAttentionRows, kVectors>(left, {scores, kWidth}, run.end - run.begin, sums);
    COPPICE_UNROLL_4
    for (size_t r = 0; r < kAttentionRows; ++r) {
      if (r >= count) break;
      float* to = out.data + (row + r) * out.stride + query;
      VF values[kVectors];
      for (size_t v = 0; v < kVectors; ++v) values[v] = sums[r][v];
      if (run.begin > 0) {
        for (size_t v = 0; v < kVectors; ++v) values[v] = hn::Add(hn::LoadU(d, to + v * kLanes), values[v]);
      }
      if (last) {
        for (size_t v = 0; v < kVectors; ++v) values[v] = hn::Mul(values[v], inverse[v]);
        if (head.range != nullptr) widen(*head.range, values, query);
      }
      for (size_t v = 0; v < kVectors; ++v) hn::StoreU(values[v], d, to + v * kLanes);
    }
  }
}

#if HWY_TARGET <= HWY_AVX3
// One query, [CLS] of the last layer, with keys in the lanes: as above it would have a lane of sixteen. scores: (keys,
// whole vectors).
HWY_NOINLINE void attend_once(const AttentionHead& head, float scale, Activations out, float* HWY_RESTRICT scores) {
  const F32 d;
  VF most = hn::Set(d, -std::numeric_limits<float>::max());
  each_part<4>(0, head.keys, [&](auto count, size_t key) HWY_ATTR {
    constexpr size_t kVectors = decltype(count)::value;
    VF sums[1][kVectors];
    multiply_tile<1, kVectors>(LeftColumns{head.query.data, head.query.stride}, {head.key.data + key, head.key.stride},
                               head.head_size, sums);
    for (size_t v = 0; v < kVectors; ++v) {
      const size_t first = key + v * kLanes;
      hn::StoreU(sums[0][v], d, scores + first);
      if (first >= head.keys) continue;
      const auto inside = hn::FirstN(d, head.keys - first);
      most = hn::Max(most, hn::IfThenElse(inside, sums[0][v], most));
    }
  });
  const VF highest = hn::MaxOfLanes(d, most);
  VF total = hn::Zero(d);
  for (size_t key = 0; key < head.keys; key += kLanes) {
    const VF power = exp2_of(hn::Mul(hn::Sub(hn::LoadU(d, scores + key), highest), hn::Set(d, scale)));
    const VF weight = before(head.keys, power, key);
    total = hn::Add(total, weight);
    hn::StoreU(weight, d, scores + key);
  }
  const VF inverse = hn::Div(hn::Set(d, 1.0F), hn::SumOfLanes(d, total));
  for (size_t row = 0; row < head.head_size; row += kAttentionRows) {
    const size_t count = std::min(kAttentionRows, head.head_size - row);
    const float* from = head.value.data + row * head.value.stride;
    VF sums[kAttentionRows];
    for (size_t r = 0; r < kAttentionRows; ++r) sums[r] = hn::Zero(d);
    for (size_t key = 0; key < head.keys; key += kLanes) {
      const VF weight = hn::LoadU(d, scores + key);
      for (size_t r = 0; r < kAttentionRows; ++r) {
        const VF values = hn::LoadU(d, from + std::min(r, count - 1) * head.value.stride + key);
        sums[r] = hn::MulAdd(weight, before(head.keys, values, key), sums[r]);
      }
    }
    for (size_t r = 0; r < count; ++r) {
      const VF values[1] = {hn::Mul(hn::SumOfLanes(d, sums[r]), inverse)};
      if (head.range != nullptr) widen(*head.range, values, 0);
      out.data[(row + r) * out.stride] = hn::GetLane(values[0]);
    }
  }
}
#endif

// As many queries at a time as there are registers for their sums.
void Attend(const AttentionHead& head, Activations out, float* scratch) {
  const float scale = head.scale * 1.44269504F;  // log2(e)
#if HWY_TARGET <= HWY_AVX3
  if (head.queries == 1) return attend_once(head, scale, out, scratch);
#endif
#if HWY_NATIVE_FMA
  const float longest = longest_key(head) * scale;
#endif
  each_part<kAttentionVectors>(0, head.queries, [&](auto count, size_t query) HWY_ATTR {
    constexpr size_t kVectors = decltype(count)::value;
    VF totals[kVectors];
#if HWY_NATIVE_FMA
    Powers<kVectors> powers(scale);
    if (find_shifts(head, query, longest, powers)) {
      float* beyond_scores = scratch + attention_scratch(head.keys, 0);
      const ConstActivations queries = factored<kVectors>(head, query, powers.factor, beyond_scores);
      for (size_t v = 0; v < kVectors; ++v) totals[v] = hn::Zero(F32());
      return each_run(head.keys, [&](KeyRun run) HWY_ATTR {
        weigh_run(head, run, queries, powers, scratch, totals);
        mix_run(head, run, scratch, totals, query, out);
      });
    }
#endif
    VF highest[kVectors];
    score_tile(head, query, scratch, highest);
    exponentiate(scratch, head.keys, scale, highest, totals);
    each_run(head.keys, [&](KeyRun run) HWY_ATTR {
      mix_run(head, run, scratch + run.begin * kVectors * kLanes, totals, query, out);
    });
  });
}

}  // namespace
}  // namespace coppice::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coppice::engine::kernels {

HWY_EXPORT(Attend);

void attend(const AttentionHead& head, Activations out, float* scratch) {
  HWY_DYNAMIC_DISPATCH(Attend)(head, out, scratch);
}

}  // namespace coppice::engine::kernels
#endif
