// The safetensors format (https://huggingface.co/docs/safetensors): 8 bytes little-endian header length, a JSON header
// {"name": {"dtype", "shape", "data_offsets": [begin, end)}}, then the tensors' bytes without gaps or overlaps.
// Reading checks every number in the header against the bytes that are there, since files come from strangers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"

namespace coppice::engine {

enum class DType { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool };
size_t size_of(DType dtype);            // bytes of one element
std::string_view name_of(DType dtype);  // "F32", ...

// One tensor inside a buffer owned by someone else. Row-major.
struct TensorView {
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;  // not aligned in general: copy, do not cast
  // Of kI8 only, and only where a file has them (int8_rows.h): float32, one for each index of the first dimension.
  std::span<const std::byte> row_scales = {};

  [[nodiscard]] int64_t elements() const;
};

struct SafetensorsFile {
  std::map<std::string, TensorView> tensors;
  std::map<std::string, std::string> metadata;  // "__metadata__"
};

// Views into `bytes`, which must outlive the result. Errors name the tensor and both numbers that disagree.
Result<SafetensorsFile> parse_safetensors(std::span<const std::byte> bytes, const std::string& source);

// Elements as float from F32, F16, BF16, F64, or I8 times the row's scale; other types, and I8 without scales, are
// refused.
Result<std::vector<float>> to_floats(const TensorView& tensor, const std::string& name);

// The file's beginning (length and header) for tensors that follow in exactly this order; the data starts 8-aligned.
std::string safetensors_header(const std::vector<std::pair<std::string, TensorView>>& tensors,
                               const std::map<std::string, std::string>& metadata);

std::string shape_text(const std::vector<int64_t>& shape);  // "(30522, 384)"

}  // namespace coppice::engine
