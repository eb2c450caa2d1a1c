// The arithmetic of the engine, compiled for each instruction set by Highway and chosen when the program starts.
//
// Activations are float32 matrices (features, tokens): feature f of token t is data[f * stride + t]. Tokens lie in the
// lanes of a vector, so that one weight meets many tokens, whether its neighbours are zeros or not; LayerNorm and
// softmax run down the lanes without a sum across them. The stride is padded_stride(tokens): kernels read and write
// whole vectors, so columns after the last token hold numbers of no meaning.
//
// Weight matrices are (out, in), row-major, as in the checkpoint; a RowRange is a part of their rows, what one thread
// computes. No kernel allocates: `scratch` is the caller's, of the size stated. No pointer needs alignment.
#pragma once

#include <cstddef>
#include <cstdint>

namespace coppice::engine::kernels {

inline constexpr size_t kMostLanes = 16;  // float32 in the widest vector
inline constexpr size_t kMostTile = 64;   // tokens computed together, at most: four vectors
inline constexpr size_t kRowGroup = 6;    // rows of a dense matrix computed together
// Inputs of a block of a sparse matrix. Between two blocks sums are stored and read again, so it is the most that the
// first-level cache takes beside a tile of tokens, and that 8 bits count.
#ifdef __wasm__
inline constexpr size_t kSparseDepth = 128;
#else
inline constexpr size_t kSparseDepth = 128;
#endif

// Room for whole vectors from any token on. An odd number of cache lines, so that features spread over all cache sets.
constexpr size_t padded_stride(size_t tokens) {
  const size_t lines = (tokens + kMostLanes - 1) / kMostLanes + 1;
  return (lines | 1) * kMostLanes;
}

struct RowRange {
  size_t begin = 0;
  size_t end = 0;
};

struct ConstActivations {
  const float* data = nullptr;
  size_t stride = 0;
};
struct Activations {
  float* data = nullptr;
  size_t stride = 0;
  operator ConstActivations() const { return {data, stride}; }  // NOLINT(google-explicit-constructor)
};

// The lowest and the highest of 0 and of the values that kernels store in the first `tokens` columns of a matrix, by
// lanes of a vector: what 8-bit activations are made by. A NaN makes either of them anything. Aligned, since threads
// write to theirs beside each other.
struct alignas(64) StoredRange {
  float low[kMostLanes] = {};
  float high[kMostLanes] = {};
  size_t tokens = 0;
};

// What becomes of a product before it is stored: + bias[row], then GELU, then + residual[row, token].
struct Epilogue {
  const float* bias = nullptr;  // (rows), never null
  bool gelu = false;
  ConstActivations residual;     // data null: none
  StoredRange* range = nullptr;  // null: none; widened by what is stored
};

// ---- float32 products
// ------------------------------------------------------------------------------------------------

// out[r, t] = epilogue(sum over k of weights[r, k] * x[k, t]). Sums in float32, over k in order.
// scratch: none for float32 weights; dense_scratch(depth) floats for IEEE binary16 ones, which are widened a few rows
// at a time.
void multiply_float32(const float* weights, size_t depth, RowRange rows, ConstActivations x, size_t tokens,
                      const Epilogue& epilogue, Activations out);
void multiply_float16(const uint16_t* weights, size_t depth, RowRange rows, ConstActivations x, size_t tokens,
                      const Epilogue& epilogue, Activations out, float* scratch);
constexpr size_t dense_scratch(size_t depth) { return kRowGroup * (depth + kMostLanes); }

// Rows of a sparse matrix may be taken in an order that has rows of as many entries one after the other: where a row
// ends is then foreseen by the processor. Within windows of so many rows, so that threads can share a matrix by
// windows.
inline constexpr size_t kRowWindow = 48;
bool orders_rows();  // whether the instruction set in use gains by it
// The row that stands at `place` of a block, by the block's part of SparseRows::order; null: as they come.
constexpr size_t row_at(const uint8_t* order, size_t place) {
  return order == nullptr ? place : place / kRowWindow * kRowWindow + order[place];
}

// A sparse matrix in blocks of kSparseDepth inputs, the rows of the first block before those of the second. Row r of
// block b holds entries begins[b * rows + r] to begins[b * rows + r + 1]: a value, and its input within the block.
struct SparseRows {
  const float* values = nullptr;
  const uint8_t* inputs = nullptr;
  const uint32_t* begins = nullptr;  // blocks * rows + 1
  size_t rows = 0;
  size_t depth = 0;
  // Null, or: what stands at r of block b above is row order[b * rows + r] of the window that r is in.
  const uint8_t* order = nullptr;
};
// The same sum over the entries alone. scratch: kSparseScratch floats. With an order, `rows` are whole windows, the
// last of the matrix perhaps short.
inline constexpr size_t kSparseScratch = kSparseDepth * kMostTile;
void multiply_sparse(const SparseRows& weights, RowRange rows, ConstActivations x, size_t tokens,
                     const Epilogue& epilogue, Activations out, float* scratch);

// The same for a matrix whose zeros are 4x1 blocks: an entry is an input and its four values for four rows in turn.
// begins: of groups of four rows; `rows` is that of the matrix, whose last group may be short (its values are 0).
struct BlockRows {
  const float* values = nullptr;  // four an entry
  const uint8_t* inputs = nullptr;
  const uint32_t* begins = nullptr;  // blocks * groups + 1
  size_t rows = 0;
  size_t depth = 0;
};
void multiply_blocks(const BlockRows& weights, RowRange rows, ConstActivations x, size_t tokens,
                     const Epilogue& epilogue, Activations out, float* scratch);

// ---- 8-bit products
// --------------------------------------------------------------------------------------------------

// Activations as uint8 with a scale and a zero point a token: value = scale * (q - zero_point). In tiles of
// token_tile() tokens, each (ceil(depth / 4), token_tile(), 4) bytes: four inputs of a token side by side, as the
// integer dot products of processors take them. What is beyond depth or the last token is 0.
struct QuantizedActivations {
  uint8_t* data = nullptr;         // quantized_bytes(depth, tokens)
  float* scales = nullptr;         // (tokens), room for padded_stride(tokens), as the next
  int32_t* zero_points = nullptr;  // (tokens)
  bool uniform = false;            // all tokens have the scale and the zero point of the first
};
size_t token_tile();  // of the instruction set in use
constexpr size_t padded_depth(size_t depth) { return (depth + 3) / 4 * 4; }
constexpr size_t quantized_bytes(size_t depth, size_t tokens) {
  return padded_depth(depth) * ((tokens + kMostTile - 1) / kMostTile * kMostTile);
}

struct Range {
  float low = 0;
  float high = 0;
};
// Of x[0 .. depth, begin .. end) and 0: low <= 0 <= high. A NaN in x makes either of them anything. For activations of
// several reviews, which have a range each, and for what was stored without a StoredRange.
Range find_range(ConstActivations x, size_t depth, size_t begin, size_t end);

// q = clamp(round(x / scale) + zero_point, 0, 255), ties to even, of scales and zero points that are set: ONNX
// QuantizeLinear to the last bit.
void quantize(ConstActivations x, size_t depth, size_t tokens, const QuantizedActivations& out);

// int8 weights, rows of padded_depth(depth) bytes with zeros at their end, scale and sum of each row.
struct Int8Weights {
  const int8_t* values = nullptr;
  const float* scales = nullptr;
  const int32_t* sums = nullptr;
  size_t depth = 0;  // at most kMostInt8Depth
  // The first so many rows lie in groups of int8_rows_together(), quad by quad (four inputs of each row in turn), the
  // others row by row: a browser has an addition for each row's address.
  size_t together = 0;
  // All within -64..64: two products with uint8 then fit 16 bits, which is what AVX2 has a fast instruction for.
  bool seven_bits = false;
  // Where offset_weights() asks for it, of seven-bit weights: `values` hold min(w + 64, 127), also after depth, and the
  // inputs of row r that are 64 stand in high_inputs from high_begins[r] to high_begins[r + 1].
  const uint16_t* high_inputs = nullptr;
  const uint32_t* high_begins = nullptr;
  // Where multiplies_by_twos(), of products of bytes: by an instruction for two instead of the one for four.
  bool by_twos = false;
};
bool offset_weights();        // of the instruction set in use
size_t int8_rows_together();  // the same; 1 where there are no groups
bool multiplies_by_twos();    // the same
// For tests, before the first activations and weights: as on a processor whose instructions for bytes have a sign on
// both sides, so that offset_weights(). Of builds with relaxed SIMD; without effect on others.
void read_signed_bytes();
inline constexpr size_t kMostInt8Depth = 65535;  // so that sums fit 32 bits

// Whether the instruction set in use has an instruction for such weights as bytes.
bool multiplies_bytes(bool seven_bits);

// out[r, t] = epilogue(scales[r] * x.scales[t] * sum over k of weights[r, k] * (q[k, t] - zero_points[t])); the sum is
// exact. By products of bytes: of offset weights, or where multiplies_bytes().
void multiply_int8(const Int8Weights& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                   const Epilogue& epilogue, Activations out);
// The same by products of 16 bits, of any weights that are not offset. `out` is no part of the residual: sums lie there
// in between. scratch: kPairScratch floats.
void multiply_int8_pairs(const Int8Weights& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                         const Epilogue& epilogue, Activations out, float* scratch);
inline constexpr size_t kPairBlock = 256;  // pairs of inputs taken together
inline constexpr size_t kPairScratch = kPairBlock * kMostTile;

// int8 weights without the quads (four inputs side by side) that are all zero, for products of bytes: where
// multiplies_bytes(). In blocks of quad_block() inputs, whose activations of a tile stay in the first-level cache, the
// rows of the first block before those of the second: row r of block b holds entries begins[b * rows + r] to
// begins[b * rows + r + 1].
struct SparseQuads {
  const int8_t* values = nullptr;    // four an entry
  const uint8_t* places = nullptr;   // the quad, within the block
  const uint32_t* begins = nullptr;  // blocks * rows + 1
  const float* scales = nullptr;
  const int32_t* sums = nullptr;
  size_t rows = 0;
  size_t depth = 0;
  // Every row has an even number of entries, and each two of them are summed in 16 bits: of their inputs 0 and 1, and
  // of 2 and 3, neither the positive weights nor the negative ones are more than 128 together, as 255 * 128 < 2^15.
  bool paired = false;
  const uint8_t* order = nullptr;  // as of SparseRows
};
size_t quad_block();  // of the instruction set in use; a multiple of 4, at most 1024
// Whether the instruction set in use gains by pairs; by_twos: as Int8Weights::by_twos, where there is that choice.
bool pairs_quads(bool by_twos);
// `out` is no part of the residual: sums lie there in between. rows: as of multiply_sparse.
void multiply_quads(const SparseQuads& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                    const Epilogue& epilogue, Activations out);

// int8 weights without the 4x1 blocks (an input and four rows) that are all zero, for products of bytes: where
// multiplies_bytes(). In blocks of byte_block() inputs, the groups of four rows of the first block before those of the
// second: group g of block b holds entries begins[b * groups + g] to begins[b * groups + g + 1]. `rows` is that of the
// matrix, whose last group may be short (its values are 0).
struct Int8BlockRows {
  const int8_t* values = nullptr;    // 16 an entry: of each of the four rows in turn, the weights of its four inputs
  const uint16_t* inputs = nullptr;  // four an entry, of any place within the block, times token_tile()
  const uint32_t* begins = nullptr;  // blocks * groups + 1
  const float* scales = nullptr;
  const int32_t* sums = nullptr;
  size_t rows = 0;
  size_t depth = 0;
  bool by_twos = false;  // as Int8Weights::by_twos
};
size_t byte_block();                                           // of the instruction set in use; a multiple of 4
inline constexpr size_t kByteBlockScratch = 6 * size_t{1024};  // 24 KB
// rows.begin is a multiple of four. `out` is no part of the residual: sums lie there in between. scratch:
// kByteBlockScratch floats.
void multiply_int8_blocks(const Int8BlockRows& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                          const Epilogue& epilogue, Activations out, float* scratch);

// int8 weights without the pairs that are all zero, or without the quads, for products of 16 bits. A quad has two
// pairs: its inputs 0 and 2, and 1 and 3. In blocks of kPairBlock pairs, the rows of the first block before those of
// the second: row r of block b holds entries begins[b * rows + r] to begins[b * rows + r + 1].
constexpr size_t pair_blocks(size_t depth) { return (padded_depth(depth) / 2 + kPairBlock - 1) / kPairBlock; }
struct SparsePairs {
  bool quads = false;                // an entry is a quad, with two values, not a pair
  const int32_t* values = nullptr;   // the first weight in the low 16 bits, the second in the high ones
  const uint8_t* places = nullptr;   // within the block: the quad, or 2 * quad + 0 or 1
  const uint32_t* begins = nullptr;  // pair_blocks(depth) * rows + 1
  const float* scales = nullptr;
  const int32_t* sums = nullptr;
  size_t rows = 0;
  size_t depth = 0;
};
// `out` and scratch as above.
void multiply_pairs(const SparsePairs& weights, RowRange rows, const QuantizedActivations& x, size_t tokens,
                    const Epilogue& epilogue, Activations out, float* scratch);

// ---- the rest of a BERT layer
// ----------------------------------------------------------------------------------------

// One head: out[:, q] = sum over k of softmax over k (scale * query[:, q] . key[:, k]) * value[:, k], all (head_size,
// tokens). Scores are kept for some of the queries at a time. Writes whole vectors: columns after the last query are
// overwritten, so packed reviews are computed from first to last. A weight of the softmax has a relative error of at
// most 5e-7 + 2e-7 * the largest score, besides what the rounding of scores makes.
struct AttentionHead {
  ConstActivations query;
  size_t queries = 0;
  ConstActivations key;
  ConstActivations value;
  size_t keys = 0;
  size_t head_size = 0;
  float scale = 1;
  StoredRange* range = nullptr;  // null: none; widened by `out`
};
constexpr size_t attention_scratch(size_t keys, size_t head_size) { return (keys + kRowGroup + head_size) * kMostTile; }
void attend(const AttentionHead& head, Activations out, float* scratch);

// In place over the features of each token: (x - mean) / sqrt(variance + epsilon) * weight + bias. Sums in float32: of
// up to 384 features whose mean and deviation are of one magnitude, absolute error at most 3e-5 for weights of
// magnitude 1.
// range: null, or widened by what is stored.
void layer_norm(Activations x, size_t features, size_t tokens, const float* weight, const float* bias, float epsilon,
                StoredRange* range = nullptr);

// GELU as BERT has it, x / 2 * (1 + erf(x / sqrt(2))); absolute error at most 4e-7 * max(1, |x|).
void gelu(const float* x, size_t count, float* out);
// 2^x for x <= 0: relative error at most 3e-7 down to -126, 0 or tiny below.
void exp2_nonpositive(const float* x, size_t count, float* out);

void widen_float16(const uint16_t* x, size_t count, float* out);
void widen_int8(const int8_t* x, size_t count, float scale, float* out);

// ---- which instruction set
// -------------------------------------------------------------------------------------------

const char* instruction_set();  // "AVX3_DL", "AVX2", ... in use

}  // namespace coppice::engine::kernels
