// Weight matrices as int8 with a float32 scale a row: what `coppice export --weights int8` writes and every reader of
// its ONNX file takes back.
//
// A row is an output channel of a Linear weight (out, in), or a token of an embedding table. Symmetric, zero point 0:
// weight = scale * value, value in -L..L, scale = max |weight of the row| / L with L at most 127; rounded to nearest,
// ties to even. A weight changes by at most scale / 2, and 0 stays exactly 0, so that what pruning removed stays
// removed (and a weight below scale / 2 becomes 0). -128 is not used: the range stays symmetric. A file holds the
// values under the checkpoint's name and shape, and the scales beside them as NAME + "_scale", shape (rows).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"
#include "shared/engine/weights.h"

namespace coppice::engine {

inline constexpr std::string_view kScaleSuffix = "_scale";
inline constexpr int kInt8Limit = 127;

struct Int8Rows {
  std::vector<int8_t> values;  // (rows, columns), row-major
  std::vector<float> scales;   // (rows); 1 for a row of zeros
};

// `values`: (rows, columns) row-major. Refused: a value that is not finite, a size that is no multiple of `rows`.
// `limit`: the largest value used, 1 to 127; 64 is what others call a reduced range (native/export/onnx_export.h).
Result<Int8Rows> quantize_rows(std::span<const float> values, int64_t rows, const std::string& name,
                               int limit = kInt8Limit);

// Whether `tensor` of a BERT classifier is stored so: the encoder's and the pooler's matrices and the word embeddings.
// Biases, LayerNorm, position and type embeddings and the classifier are few and stay floating-point numbers.
bool is_stored_as_int8(const ExpectedTensor& tensor);

// Puts each NAME_scale into the row_scales of its int8 tensor NAME and takes it off the list. Refused: scales of
// another type, shape or number than the rows, or that are not finite and above 0. Scales without an int8 tensor stay.
Status attach_row_scales(TensorMap& tensors, const std::string& source);

}  // namespace coppice::engine
