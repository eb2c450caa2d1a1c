// Dense products in float32, of weights stored as float32 or as IEEE binary16.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "shared/engine/kernels/dense.cpp"
#include <hwy/foreach_target.h>  // before highway.h: compiles this file once for each instruction set
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "shared/engine/kernels/kernels.h"
#include "shared/engine/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coppice::engine::kernels::HWY_NAMESPACE {
namespace {

// Tokens for which a group of rows is widened once: its share of the work is then small, and their activations at a
// depth of 1,536 stay in a second-level cache of 1 MB.
constexpr size_t kTokensAtOnce = 128;

// rows[r]: depth weights each; the last ones may be the same row again, of which nothing is stored.
void multiply_group(const LeftRows<kDenseRows>& left, size_t depth, size_t first_row, size_t row_count,
                    ConstActivations x, size_t begin, size_t end, const Epilogue& epilogue, Activations out) {
  each_part<kDenseVectors>(begin, end, [&](auto count, size_t token) HWY_ATTR {
    constexpr size_t kVectors = decltype(count)::value;
    VF sums[kDenseRows][kVectors];
    multiply_tile<kDenseRows, kVectors>(left, {x.data + token, x.stride}, depth, sums);
    for (size_t r = 0; r < kDenseRows; ++r) {
      if (r >= row_count) break;
      for (size_t v = 0; v < kVectors; ++v) {  // one by one: natively two at a time are slower
        const VF sum[1] = {sums[r][v]};
        finish_row(sum, first_row + r, token + v * kLanes, epilogue, out);
      }
    }
  });
}

void Widen(const uint16_t* x, size_t count, float* out) {
  const F32 d;
  const hn::Rebind<hwy::float16_t, F32> dh;
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    hn::StoreU(hn::PromoteTo(d, hn::LoadU(dh, reinterpret_cast<const hwy::float16_t*>(x + i))), d, out + i);
  }
  if (i == count) return;
  HWY_ALIGN hwy::float16_t rest[kLanes] = {};
  std::memcpy(rest, x + i, (count - i) * sizeof(uint16_t));
  HWY_ALIGN float wide[kLanes];
  hn::Store(hn::PromoteTo(d, hn::Load(dh, rest)), d, wide);
  std::memcpy(out + i, wide, (count - i) * sizeof(float));
}

void WidenInt8(const int8_t* x, size_t count, float scale, float* out) {
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<float>(x[i]) * scale;
}

void Multiply32(const float* weights, size_t depth, RowRange rows, ConstActivations x, size_t tokens,
                const Epilogue& epilogue, Activations out) {
  for (size_t begin = 0; begin < tokens; begin += kTokensAtOnce) {
    const size_t end = std::min(begin + kTokensAtOnce, tokens);
    for (size_t row = rows.begin; row < rows.end; row += kDenseRows) {
      const size_t count = std::min(kDenseRows, rows.end - row);
      LeftRows<kDenseRows> left;
      for (size_t r = 0; r < kDenseRows; ++r) left.rows[r] = weights + (row + std::min(r, count - 1)) * depth;
      multiply_group(left, depth, row, count, x, begin, end, epilogue, out);
    }
  }
}

void Multiply16(const uint16_t* weights, size_t depth, RowRange rows, ConstActivations x, size_t tokens,
                const Epilogue& epilogue, Activations out, float* scratch) {
  for (size_t begin = 0; begin < tokens; begin += kTokensAtOnce) {
    const size_t end = std::min(begin + kTokensAtOnce, tokens);
    for (size_t row = rows.begin; row < rows.end; row += kDenseRows) {
      const size_t count = std::min(kDenseRows, rows.end - row);
      LeftRows<kDenseRows> left;
      for (size_t r = 0; r < kDenseRows; ++r) {
        left.rows[r] = scratch + std::min(r, count - 1) * (depth + kMostLanes);
        if (r < count) Widen(weights + (row + r) * depth, depth, scratch + r * (depth + kMostLanes));
      }
      multiply_group(left, depth, row, count, x, begin, end, epilogue, out);
    }
  }
}

const char* Name() {
#ifdef COPPICE_RELAXED_SIMD
  return "WASM relaxed SIMD";
#else
  return HWY_TARGET == HWY_WASM ? "WASM SIMD" : hwy::TargetName(HWY_TARGET);
#endif
}

}  // namespace
}  // namespace coppice::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coppice::engine::kernels {

HWY_EXPORT(Multiply32);
HWY_EXPORT(Multiply16);
HWY_EXPORT(Widen);
HWY_EXPORT(WidenInt8);
HWY_EXPORT(Name);

void multiply_float32(const float* weights, size_t depth, RowRange rows, ConstActivations x, size_t tokens,
                      const Epilogue& epilogue, Activations out) {
  HWY_DYNAMIC_DISPATCH(Multiply32)(weights, depth, rows, x, tokens, epilogue, out);
}
void multiply_float16(const uint16_t* weights, size_t depth, RowRange rows, ConstActivations x, size_t tokens,
                      const Epilogue& epilogue, Activations out, float* scratch) {
  HWY_DYNAMIC_DISPATCH(Multiply16)(weights, depth, rows, x, tokens, epilogue, out, scratch);
}
void widen_float16(const uint16_t* x, size_t count, float* out) { HWY_DYNAMIC_DISPATCH(Widen)(x, count, out); }
void widen_int8(const int8_t* x, size_t count, float scale, float* out) {
  HWY_DYNAMIC_DISPATCH(WidenInt8)(x, count, scale, out);
}
const char* instruction_set() { return HWY_DYNAMIC_DISPATCH(Name)(); }

}  // namespace coppice::engine::kernels
#endif
