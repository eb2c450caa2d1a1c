#include "shared/engine/int8_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace coppice::engine {
namespace {

constexpr std::string_view kWordEmbeddings = "bert.embeddings.word_embeddings.weight";

Status check_scales(const TensorView& scales, const TensorView& tensor, const std::string& where) {
  if (scales.dtype != DType::kF32 || tensor.shape.empty() || scales.shape != std::vector<int64_t>{tensor.shape[0]}) {
    return invalid_input(where + " is " + std::string(name_of(scales.dtype)) + " " + shape_text(scales.shape) +
                         "; expected F32 with one scale for each row of the int8 tensor " + shape_text(tensor.shape));
  }
  COPPICE_ASSIGN_OR_RETURN(const std::vector<float> values, to_floats(scales, where));
  for (size_t row = 0; row < values.size(); ++row) {
    if (!std::isfinite(values[row]) || values[row] <= 0) {
      return invalid_input(where + ": the scale of row " + std::to_string(row) + " is " + std::to_string(values[row]) +
                           "; expected a finite number above 0. The file is altered; export the model anew.");
    }
  }
  return {};
}

}  // namespace

Result<Int8Rows> quantize_rows(std::span<const float> values, int64_t rows, const std::string& name, int limit) {
  const auto count = static_cast<size_t>(std::max<int64_t>(rows, 0));
  if (count == 0 || values.size() % count != 0) {
    return invalid_input("tensor " + name + ": " + std::to_string(values.size()) + " values are not " +
                         std::to_string(rows) + " rows of one length");
  }
  const size_t columns = values.size() / count;
  Int8Rows result;
  result.values.resize(values.size());
  result.scales.reserve(count);
  for (size_t row = 0; row < count; ++row) {
    float largest = 0;
    for (const float value : values.subspan(row * columns, columns)) {
      if (!std::isfinite(value)) {
        return invalid_input("tensor " + name + " holds a value that is not finite, in row " + std::to_string(row) +
                             "; the training diverged. Export an earlier checkpoint.");
      }
      largest = std::max(largest, std::abs(value));
    }
    float scale = largest / static_cast<float>(limit);
    // Below that a scale has no full precision. Such a row (all below 2e-36) is a row of zeros.
    if (scale < std::numeric_limits<float>::min()) scale = 1;
    // Rounded up, the largest number of all would come back as infinity.
    if (!std::isfinite(scale * static_cast<float>(limit))) scale = std::nextafter(scale, 0.0F);
    result.scales.push_back(scale);
    for (size_t i = row * columns; i < (row + 1) * columns; ++i) {
      const float rounded = std::nearbyint(values[i] / scale);
      const auto bound = static_cast<float>(limit);
      result.values[i] = static_cast<int8_t>(std::clamp(rounded, -bound, bound));
    }
  }
  return result;
}

bool is_stored_as_int8(const ExpectedTensor& tensor) {
  if (tensor.shape.size() != 2) return false;
  return tensor.name == kWordEmbeddings || tensor.name.starts_with("bert.encoder.") ||
         tensor.name.starts_with("bert.pooler.");
}

Status attach_row_scales(TensorMap& tensors, const std::string& source) {
  for (auto& [name, tensor] : tensors) {
    if (tensor.dtype != DType::kI8) continue;
    const auto scales = tensors.find(name + std::string(kScaleSuffix));
    if (scales == tensors.end()) continue;
    COPPICE_RETURN_IF_ERROR(check_scales(scales->second, tensor, source + ": initialiser " + scales->first));
    tensor.row_scales = scales->second.bytes;
    tensors.erase(scales);  // comes after `name` in the order, and is not the entry the loop stands at
  }
  return {};
}

}  // namespace coppice::engine
