// Products in float32 that skip zeros: single ones, and 4x1 blocks.
//
// A tile of tokens and a block of inputs are copied together first: 32 KB that stay in the first-level cache while all
// rows take what they need of it. Sums of earlier blocks wait in `out`.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "shared/engine/kernels/sparse.cpp"
#include <hwy/foreach_target.h>  // before highway.h: compiles this file once for each instruction set
#include <hwy/highway.h>

#include <algorithm>

#include "shared/engine/kernels/kernels.h"
#include "shared/engine/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coppice::engine::kernels::HWY_NAMESPACE {
namespace {

struct BlockPass {
  size_t token = 0;
  bool first = false;  // of the blocks of inputs
  bool last = false;
  const float* packed = nullptr;  // (inputs of the block, vectors * kLanes)
};

template <size_t kVectors>
HWY_INLINE void Pack(ConstActivations x, size_t input, size_t count, size_t token, float* packed) {
  const F32 d;
  for (size_t k = 0; k < count; ++k) {
    const float* from = x.data + (input + k) * x.stride + token;
    for (size_t v = 0; v < kVectors; ++v) {
      hn::StoreU(hn::LoadU(d, from + v * kLanes), d, packed + (k * kVectors + v) * kLanes);
    }
  }
}

// What is there so far, or 0.
template <size_t kVectors>
HWY_INLINE void Begin(const BlockPass& pass, size_t row, Activations out, VF (&sums)[kVectors]) {
  const F32 d;
  for (size_t v = 0; v < kVectors; ++v) {
    sums[v] = pass.first ? hn::Zero(d) : hn::LoadU(d, out.data + row * out.stride + pass.token + v * kLanes);
  }
}

template <size_t kVectors>
HWY_INLINE void End(const BlockPass& pass, size_t row, const Epilogue& epilogue, Activations out,
                    const VF (&sums)[kVectors]) {
  if (pass.last) return finish_row(sums, row, pass.token, epilogue, out);
  float* to = out.data + row * out.stride + pass.token;
  for (size_t v = 0; v < kVectors; ++v) hn::StoreU(sums[v], F32(), to + v * kLanes);
}

template <size_t kVectors>
HWY_INLINE void SparseBlock(const SparseRows& weights, const uint32_t* begins, RowRange rows, const BlockPass& pass,
                            const Epilogue& epilogue, Activations out) {
  const uint8_t* order = weights.order == nullptr ? nullptr : weights.order + (begins - weights.begins);
  const F32 d;
  constexpr size_t kWidth = kVectors * kLanes;
  // An addition takes four cycles, of which a core begins two in each: as many chains of additions keep it busy.
  constexpr bool kTwoChains = kVectors < 8;
  for (size_t place = rows.begin; place < rows.end; ++place) {
    const size_t row = row_at(order, place);
    VF sums[kVectors];
    VF others[kVectors];
    Begin<kVectors>(pass, row, out, sums);
    for (size_t v = 0; v < kVectors; ++v) others[v] = hn::Zero(d);
    size_t i = begins[place];
    const size_t end = begins[place + 1];
    for (; kTwoChains && i + 2 <= end; i += 2) {
      const float* HWY_RESTRICT a = pass.packed + weights.inputs[i] * kWidth;
      const float* HWY_RESTRICT b = pass.packed + weights.inputs[i + 1] * kWidth;
      const VF wa = hn::Set(d, weights.values[i]);
      const VF wb = hn::Set(d, weights.values[i + 1]);
      for (size_t v = 0; v < kVectors; ++v) sums[v] = mul_add(wa, hn::LoadU(d, a + v * kLanes), sums[v]);
      for (size_t v = 0; v < kVectors; ++v) others[v] = mul_add(wb, hn::LoadU(d, b + v * kLanes), others[v]);
    }
    for (; i < end; ++i) {
      const float* HWY_RESTRICT a = pass.packed + weights.inputs[i] * kWidth;
      const VF wa = hn::Set(d, weights.values[i]);
      for (size_t v = 0; v < kVectors; ++v) sums[v] = mul_add(wa, hn::LoadU(d, a + v * kLanes), sums[v]);
    }
    if (kTwoChains) {
      for (size_t v = 0; v < kVectors; ++v) sums[v] = hn::Add(sums[v], others[v]);
    }
    End<kVectors>(pass, row, epilogue, out, sums);
  }
}

// Vectors of tokens that four rows of blocks meet at once. A sum for which there is no register is written to the stack
// and read again: of AVX2's 16, and of the 15 that a browser's compiler leaves, some are the weight's and the vectors'.
#if HWY_TARGET == HWY_WASM || HWY_TARGET == HWY_AVX2
constexpr size_t kBlockVectors = 2;
#else
constexpr size_t kBlockVectors = kTileVectors;
#endif

// A group of up to four rows, and kVectors of the kWidth vectors of tokens. In variables whose places are known when
// compiled; earlier sums are added at the end, since to begin with them took a way through memory.
template <size_t kWidth, size_t kVectors>
HWY_INLINE void block_rows(const BlockRows& weights, size_t begin, size_t end, size_t row, size_t count,
                           const BlockPass& pass, const Epilogue& epilogue, Activations out) {
  const F32 d;
  VF sums[4][kVectors];
  for (size_t r = 0; r < 4; ++r) {
    for (size_t v = 0; v < kVectors; ++v) sums[r][v] = hn::Zero(d);
  }
  for (size_t i = begin; i < end; ++i) {
    const float* HWY_RESTRICT from = pass.packed + weights.inputs[i] * kWidth * kLanes;
    VF x[kVectors];
    for (size_t v = 0; v < kVectors; ++v) x[v] = hn::LoadU(d, from + v * kLanes);
    for (size_t r = 0; r < 4; ++r) {
      const VF weight = hn::Set(d, weights.values[4 * i + r]);
      for (size_t v = 0; v < kVectors; ++v) sums[r][v] = mul_add(weight, x[v], sums[r][v]);
    }
  }
  COPPICE_UNROLL_4
  for (size_t r = 0; r < 4; ++r) {
    if (r >= count) continue;
    if (!pass.first) {
      const float* earlier = out.data + (row + r) * out.stride + pass.token;
      for (size_t v = 0; v < kVectors; ++v) sums[r][v] = hn::Add(sums[r][v], hn::LoadU(d, earlier + v * kLanes));
    }
    End<kVectors>(pass, row + r, epilogue, out, sums[r]);
  }
}

// Groups of four rows; rows.begin is a multiple of four.
template <size_t kWidth>
HWY_INLINE void RowBlock(const BlockRows& weights, const uint32_t* begins, RowRange rows, const BlockPass& pass,
                         const Epilogue& epilogue, Activations out) {
  constexpr size_t kVectors = std::min(kBlockVectors, kWidth);
  for (size_t row = rows.begin; row < rows.end; row += 4) {
    const size_t count = std::min(size_t{4}, rows.end - row);
    BlockPass part = pass;
    const auto multiply = [&](auto vectors) HWY_ATTR {
      constexpr size_t kTaken = decltype(vectors)::value;
      block_rows<kWidth, kTaken>(weights, begins[row / 4], begins[row / 4 + 1], row, count, part, epilogue, out);
      part.token += kTaken * kLanes;
      part.packed += kTaken * kLanes;
    };
    for (size_t v = 0; v + kVectors <= kWidth; v += kVectors) multiply(VectorCount<kVectors>());
    if constexpr (kWidth % kVectors != 0) multiply(VectorCount<kWidth % kVectors>());
  }
}

// run(count, begins of the block, pass) for each tile of tokens and block of inputs.
template <class Run>
HWY_INLINE void EachBlock(const uint32_t* begins, size_t groups, size_t depth, ConstActivations x, size_t tokens,
                          float* scratch, const Run& run) {
  each_part<kTileVectors>(0, tokens, [&](auto count, size_t token) HWY_ATTR {
    for (size_t input = 0; input < depth; input += kSparseDepth) {
      const size_t inputs = std::min(kSparseDepth, depth - input);
      Pack<decltype(count)::value>(x, input, inputs, token, scratch);
      const BlockPass pass{token, input == 0, input + inputs == depth, scratch};
      run(count, begins + input / kSparseDepth * groups, pass);
    }
  });
}

void MultiplySparse(const SparseRows& weights, RowRange rows, ConstActivations x, size_t tokens,
                    const Epilogue& epilogue, Activations out, float* scratch) {
  EachBlock(weights.begins, weights.rows, weights.depth, x, tokens, scratch,
            [&](auto count, const uint32_t* begins, const BlockPass& pass)
                HWY_ATTR { SparseBlock<decltype(count)::value>(weights, begins, rows, pass, epilogue, out); });
}

bool OrdersRows() { return HWY_TARGET <= HWY_AVX3; }

void MultiplyBlocks(const BlockRows& weights, RowRange rows, ConstActivations x, size_t tokens,
                    const Epilogue& epilogue, Activations out, float* scratch) {
  EachBlock(weights.begins, (weights.rows + 3) / 4, weights.depth, x, tokens, scratch,
            [&](auto count, const uint32_t* begins, const BlockPass& pass)
                HWY_ATTR { RowBlock<decltype(count)::value>(weights, begins, rows, pass, epilogue, out); });
}

}  // namespace
}  // namespace coppice::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coppice::engine::kernels {

HWY_EXPORT(MultiplySparse);
HWY_EXPORT(MultiplyBlocks);
HWY_EXPORT(OrdersRows);

void multiply_sparse(const SparseRows& weights, RowRange rows, ConstActivations x, size_t tokens,
                     const Epilogue& epilogue, Activations out, float* scratch) {
  HWY_DYNAMIC_DISPATCH(MultiplySparse)(weights, rows, x, tokens, epilogue, out, scratch);
}
bool orders_rows() { return HWY_DYNAMIC_DISPATCH(OrdersRows)(); }
void multiply_blocks(const BlockRows& weights, RowRange rows, ConstActivations x, size_t tokens,
                     const Epilogue& epilogue, Activations out, float* scratch) {
  HWY_DYNAMIC_DISPATCH(MultiplyBlocks)(weights, rows, x, tokens, epilogue, out, scratch);
}

}  // namespace coppice::engine::kernels
#endif
