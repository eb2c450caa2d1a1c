// Products of 8-bit activations and weights that leave out blocks of zeros: 1x4 blocks (quads: four inputs of one
// output) and 4x1 blocks (one input of four outputs).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "shared/engine/kernels/sparse_int8.cpp"
#include <hwy/foreach_target.h>  // before highway.h: compiles this file once for each instruction set
#include <hwy/highway.h>

#include <algorithm>

#include "shared/engine/kernels/int8-inl.h"
#include "shared/engine/kernels/kernels.h"
#include "shared/engine/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coppice::engine::kernels::HWY_NAMESPACE {
namespace {

// What of a tile the first-level cache holds beside what is read of weights, and of sums.
constexpr size_t kQuadBlock = std::min<size_t>(24 * 1024 / kTile, 1024);
static_assert(kQuadBlock % 4 == 0);

// Adds the products of a row's entries to sums. from: the first vector of tokens.
template <class Dot, size_t kVectors>
HWY_INLINE void add_quads(const SparseQuads& weights, size_t place, const uint8_t* HWY_RESTRICT from,
                          VI (&sums)[kVectors]) {
  const I32 di;
  VI others[kVectors];  // a second chain of dependent sums
  for (size_t v = 0; v < kVectors; ++v) others[v] = hn::Zero(di);
  size_t i = weights.begins[place];
  const size_t end = weights.begins[place + 1];
  for (; i + 2 <= end; i += 2) {
    const uint8_t* a = from + weights.places[i] * kQuadBytes;
    const uint8_t* b = from + weights.places[i + 1] * kQuadBytes;
    const VI wa = broadcast_quad(weights.values + 4 * i);
    const VI wb = broadcast_quad(weights.values + 4 * i + 4);
    for (size_t v = 0; v < kVectors; ++v) sums[v] = Dot()(sums[v], load_quads(a + v * kLanes * 4), wa);
    for (size_t v = 0; v < kVectors; ++v) others[v] = Dot()(others[v], load_quads(b + v * kLanes * 4), wb);
  }
  if (i < end) {
    const uint8_t* a = from + weights.places[i] * kQuadBytes;
    const VI wa = broadcast_quad(weights.values + 4 * i);
    for (size_t v = 0; v < kVectors; ++v) sums[v] = Dot()(sums[v], load_quads(a + v * kLanes * 4), wa);
  }
  for (size_t v = 0; v < kVectors; ++v) sums[v] = hn::Add(sums[v], others[v]);
}

// The same of entries that are paired.
template <size_t kVectors>
HWY_INLINE void add_paired_quads(const SparseQuads& weights, size_t place, const uint8_t* HWY_RESTRICT from,
                                 VI (&sums)[kVectors]) {
  VI counted[kVectors];
  for (size_t v = 0; v < kVectors; ++v) counted[v] = sums[v];
  const size_t end = weights.begins[place + 1];
  for (size_t i = weights.begins[place]; i < end; i += 2) {
    const uint8_t* a = from + weights.places[i] * kQuadBytes;
    const uint8_t* b = from + weights.places[i + 1] * kQuadBytes;
    const VI wa = broadcast_quad(weights.values + 4 * i);
    const VI wb = broadcast_quad(weights.values + 4 * i + 4);
    for (size_t v = 0; v < kVectors; ++v) {
      counted[v] = dot_paired(counted[v], load_quads(a + v * kLanes * 4), wa, load_quads(b + v * kLanes * 4), wb);
    }
  }
  for (size_t v = 0; v < kVectors; ++v) sums[v] = counted[v];
}

template <bool kPaired, class Dot>
HWY_NOINLINE void MultiplySparseQuads(const SparseQuads& weights, RowRange rows, const QuantizedActivations& x,
                                      size_t tokens, const Epilogue& epilogue, Activations out) {
  const Int8Rows all_rows(x, weights.scales, weights.sums, epilogue, out);
  const size_t depth = padded_depth(weights.depth);
  const size_t blocks = (depth + kQuadBlock - 1) / kQuadBlock;
  for (size_t tile = 0; tile < tokens; tile += kTile) {
    const uint8_t* tile_data = x.data + tile * depth;
    each_part<kTileVectors>(tile, std::min(tokens, tile + kTile), [&](auto count, size_t token) HWY_ATTR {
      constexpr size_t kVectors = decltype(count)::value;
      SparseQuads taken = weights;
      const Int8Rows ends = all_rows;
      const size_t end = rows.end;
      const uint8_t* from = tile_data + (token - tile) * 4;
      for (size_t block = 0; block < blocks; ++block, taken.begins += weights.rows, from += kQuadBlock * kTile) {
        const bool first = block == 0;
        const bool last = block + 1 == blocks;
        const uint8_t* order = weights.order == nullptr ? nullptr : weights.order + block * weights.rows;
        for (size_t place = rows.begin; place < end; ++place) {
          const size_t row = row_at(order, place);
          VI sums[kVectors];
          for (size_t v = 0; v < kVectors; ++v) sums[v] = begin_sum(first, row, token + v * kLanes, ends.out);
          if constexpr (kPaired) {
            add_paired_quads(taken, place, from, sums);
          } else {
            add_quads<Dot>(taken, place, from, sums);
          }
          if (last) {
            Int8Row(ends, row).finish_row(sums, token);
          } else {
            keep_sums(sums, row, token, ends.out);
          }
        }
      }
    });
  }
}

void MultiplyQuads(const SparseQuads& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                   const Epilogue& epilogue, Activations out) {
  if (weights.paired) {
    MultiplySparseQuads<true, Narrow>(weights, rows, x, tokens, epilogue, out);
  } else {
    MultiplySparseQuads<false, Narrow>(weights, rows, x, tokens, epilogue, out);
  }
}

size_t QuadBlock() { return kQuadBlock; }

bool PairsQuads() {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4
  return true;
#else
  return false;
#endif
}

// ---- 4x1 blocks. An instruction for bytes sums four inputs that lie side by side, of which at most one need be in a
// block that is kept. So a tile's bytes are copied input by input first, and of any four inputs those of each token are
// brought together in registers, once for four rows.

// Vectors of tokens whose bytes of one input fill a vector.
constexpr size_t kPlaneVectors = 4;
static_assert(kTileVectors % kPlaneVectors == 0);
// Of them, those that four rows meet at once: sums for which there are registers.
constexpr size_t kBlockVectors = HWY_TARGET <= HWY_AVX3 || HWY_TARGET == HWY_NEON ? 4 : 2;
constexpr size_t kByteBlock = 24 * 1024 / kTile;  // inputs
static_assert(kByteBlock * kTile <= kByteBlockScratch * sizeof(float) && kByteBlock % 4 == 0);

#if HWY_TARGET == HWY_SCALAR
// A vector is one token.
HWY_INLINE void spread_quads(const uint8_t* from, uint8_t* to) {
  for (size_t v = 0; v < kPlaneVectors; ++v) {
    for (size_t k = 0; k < 4; ++k) to[k * kTile + v] = from[v * 4 + k];
  }
}
template <size_t kFirst, size_t kVectors>
HWY_INLINE void gather_quads(const uint8_t* planes, const uint16_t* inputs, VI (&quads)[kVectors]) {
  for (size_t v = 0; v < kVectors; ++v) {
    int8_t bytes[4];
    for (size_t k = 0; k < 4; ++k) bytes[k] = static_cast<int8_t>(planes[inputs[k] + kFirst + v]);
    quads[v] = broadcast_quad(bytes);
  }
}
#else
// The bytes of four inputs, of kPlaneVectors vectors of tokens. In each 128 bits of an input's there are four tokens of
// each vector, so that interleaving brings together what belongs together.
HWY_INLINE void spread_quads(const uint8_t* from, uint8_t* to) {
  const I32 di;
  const hn::Repartition<uint8_t, I32> d8;
  const hn::Repartition<uint64_t, I32> d64;
  alignas(16) static constexpr uint8_t kByInput[16] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
  const auto by_input = hn::LoadDup128(d8, kByInput);
  VI tokens[kPlaneVectors];
  for (size_t v = 0; v < kPlaneVectors; ++v) {
    const auto quads = hn::LoadU(d8, from + v * kLanes * 4);
    tokens[v] = hn::BitCast(di, hn::TableLookupBytes(quads, by_input));
  }
  const auto store = [&](VI a, VI b, size_t input) HWY_ATTR {
    const auto low = hn::InterleaveLower(d64, hn::BitCast(d64, a), hn::BitCast(d64, b));
    const auto high = hn::InterleaveUpper(d64, hn::BitCast(d64, a), hn::BitCast(d64, b));
    hn::StoreU(hn::BitCast(d8, low), d8, to + input * kTile);
    hn::StoreU(hn::BitCast(d8, high), d8, to + (input + 1) * kTile);
  };
  store(hn::InterleaveLower(di, tokens[0], tokens[1]), hn::InterleaveLower(di, tokens[2], tokens[3]), 0);
  store(hn::InterleaveUpper(di, tokens[0], tokens[1]), hn::InterleaveUpper(di, tokens[2], tokens[3]), 2);
}
// Vectors kFirst (0 or 2) to kFirst + kVectors of them, of four inputs of any place.
template <size_t kFirst, size_t kVectors>
HWY_INLINE void gather_quads(const uint8_t* planes, const uint16_t* inputs, VI (&quads)[kVectors]) {
  const I32 di;
  const hn::Repartition<uint8_t, I32> d8;
  const hn::Repartition<uint16_t, I32> d16;
  const auto a = hn::LoadU(d8, planes + inputs[0]);
  const auto b = hn::LoadU(d8, planes + inputs[1]);
  const auto c = hn::LoadU(d8, planes + inputs[2]);
  const auto d = hn::LoadU(d8, planes + inputs[3]);
  if constexpr (kFirst == 0) {
    const auto ab = hn::BitCast(d16, hn::InterleaveLower(d8, a, b));
    const auto cd = hn::BitCast(d16, hn::InterleaveLower(d8, c, d));
    quads[0] = hn::BitCast(di, hn::InterleaveLower(d16, ab, cd));
    if constexpr (kVectors > 1) quads[1] = hn::BitCast(di, hn::InterleaveUpper(d16, ab, cd));
  }
  if constexpr (kFirst + kVectors > 2) {
    const auto ab = hn::BitCast(d16, hn::InterleaveUpper(d8, a, b));
    const auto cd = hn::BitCast(d16, hn::InterleaveUpper(d8, c, d));
    quads[2 - kFirst] = hn::BitCast(di, hn::InterleaveLower(d16, ab, cd));
    if constexpr (kFirst + kVectors > 3) quads[3 - kFirst] = hn::BitCast(di, hn::InterleaveUpper(d16, ab, cd));
  }
}
#endif

constexpr size_t kForesight = 4096;  // bytes of weights

// The sums of the products of entries begin to end, of four rows.
template <class Dot, size_t kFirst, size_t kVectors>
HWY_INLINE void sum_block_quads(const Int8BlockRows& weights, size_t begin, size_t end,
                                const uint8_t* HWY_RESTRICT planes, VI (&sums)[4][kVectors]) {
  VI counted[4][kVectors];
  for (size_t r = 0; r < 4; ++r) {
    for (size_t v = 0; v < kVectors; ++v) counted[r][v] = hn::Zero(I32());
  }
  for (size_t i = begin; i < end; ++i) {
    // Weights come out of memory, and the processor's own foresight ends with each page.
    __builtin_prefetch(weights.values + 16 * i + kForesight);
    __builtin_prefetch(weights.inputs + 4 * i + kForesight / 4);
    VI x[kVectors];
    gather_quads<kFirst>(planes, weights.inputs + 4 * i, x);
    for (size_t r = 0; r < 4; ++r) {
      const VI weight = broadcast_quad(weights.values + 16 * i + 4 * r);
      for (size_t v = 0; v < kVectors; ++v) counted[r][v] = Dot()(counted[r][v], x[v], weight);
    }
  }
  for (size_t r = 0; r < 4; ++r) {
    for (size_t v = 0; v < kVectors; ++v) sums[r][v] = counted[r][v];
  }
}

struct BytePass {
  size_t token = 0;
  bool first = false;  // of the blocks of inputs
  bool last = false;
  const uint8_t* planes = nullptr;  // of those tokens
};

template <class Dot, size_t kFirst, size_t kVectors>
HWY_INLINE void multiply_group(const Int8BlockRows& weights, const uint32_t* begins, size_t row, size_t count,
                               const BytePass& pass, const Int8Rows& ends) {
  VI sums[4][kVectors];
  sum_block_quads<Dot, kFirst>(weights, begins[0], begins[1], pass.planes, sums);
  COPPICE_UNROLL_4  // sums asked for by a row's number would be kept in memory
  for (size_t r = 0; r < 4; ++r) {
    if (r >= count) continue;
    if (!pass.first) {
      for (size_t v = 0; v < kVectors; ++v) {
        sums[r][v] = hn::Add(sums[r][v], begin_sum(false, row + r, pass.token + v * kLanes, ends.out));
      }
    }
    if (pass.last) {
      Int8Row(ends, row + r).finish_row(sums[r], pass.token);
    } else {
      keep_sums(sums[r], row + r, pass.token, ends.out);
    }
  }
}

template <class Dot>
HWY_NOINLINE void MultiplyBlocksOfRows(const Int8BlockRows& weights, RowRange rows, const QuantizedActivations& x,
                                       size_t tokens, const Epilogue& epilogue, Activations out, uint8_t* planes) {
  const Int8Rows all_rows(x, weights.scales, weights.sums, epilogue, out);
  const size_t depth = padded_depth(weights.depth);
  const size_t groups = (weights.rows + 3) / 4;
  for (size_t tile = 0; tile < tokens; tile += kTile) {
    const size_t tile_end = std::min(tokens, tile + kTile);
    const uint32_t* begins = weights.begins;
    for (size_t input = 0; input < depth; input += kByteBlock, begins += groups) {
      const size_t end = std::min(input + kByteBlock, depth);
      const uint8_t* from = x.data + tile * depth + input * kTile;
      for (size_t k = 0; k < end - input; k += 4, from += kQuadBytes) {
        for (size_t v = 0; v < kTileVectors; v += kPlaneVectors) {
          spread_quads(from + v * kLanes * 4, planes + k * kTile + v * kLanes);
        }
      }
      BytePass pass{tile, input == 0, end == depth, planes};
      for (size_t row = rows.begin; row < rows.end; row += 4) {
        const size_t count = std::min(size_t{4}, rows.end - row);
        for (pass.token = tile; pass.token < tile_end; pass.token += kBlockVectors * kLanes) {
          const size_t vector = (pass.token - tile) / kLanes;
          pass.planes = planes + vector / kPlaneVectors * kPlaneVectors * kLanes;
          with_vectors<kBlockVectors>(tile_end - pass.token, [&](auto vectors) HWY_ATTR {
            constexpr size_t kVectors = decltype(vectors)::value;
            if (kBlockVectors < kPlaneVectors && vector % kPlaneVectors != 0) {
              if constexpr (kVectors <= 2)
                multiply_group<Dot, 2, kVectors>(weights, begins + row / 4, row, count, pass, all_rows);
            } else {
              multiply_group<Dot, 0, kVectors>(weights, begins + row / 4, row, count, pass, all_rows);
            }
          });
        }
      }
    }
  }
}

void MultiplyInt8Blocks(const Int8BlockRows& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                        const Epilogue& epilogue, Activations out, float* scratch) {
  auto* planes = reinterpret_cast<uint8_t*>(scratch);
  if (weights.by_twos) {
    MultiplyBlocksOfRows<NarrowByTwos>(weights, rows, x, tokens, epilogue, out, planes);
  } else {
    MultiplyBlocksOfRows<Narrow>(weights, rows, x, tokens, epilogue, out, planes);
  }
}

size_t ByteBlock() { return kByteBlock; }

}  // namespace
}  // namespace coppice::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coppice::engine::kernels {

HWY_EXPORT(MultiplyQuads);
HWY_EXPORT(QuadBlock);
HWY_EXPORT(PairsQuads);
HWY_EXPORT(MultiplyInt8Blocks);
HWY_EXPORT(ByteBlock);

void multiply_quads(const SparseQuads& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                    const Epilogue& epilogue, Activations out) {
  HWY_DYNAMIC_DISPATCH(MultiplyQuads)(weights, rows, x, tokens, epilogue, out);
}
size_t quad_block() { return HWY_DYNAMIC_DISPATCH(QuadBlock)(); }
bool pairs_quads(bool by_twos) { return by_twos || HWY_DYNAMIC_DISPATCH(PairsQuads)(); }
void multiply_int8_blocks(const Int8BlockRows& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                          const Epilogue& epilogue, Activations out, float* scratch) {
  HWY_DYNAMIC_DISPATCH(MultiplyInt8Blocks)(weights, rows, x, tokens, epilogue, out, scratch);
}
size_t byte_block() { return HWY_DYNAMIC_DISPATCH(ByteBlock)(); }

}  // namespace coppice::engine::kernels
#endif
