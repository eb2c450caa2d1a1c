#include "shared/engine/activation_scales.h"

#include <algorithm>
#include <cmath>

#include "shared/engine/int8_rows.h"

namespace coppice::engine {
namespace {

constexpr std::string_view kInputScale = ".input_scale";
constexpr std::string_view kInputZeroPoint = ".input_zero_point";

}  // namespace

std::vector<std::string> product_inputs(const records::BertConfig& config) {
  std::vector<std::string> names;
  for (size_t i = 0; i < config.layers.size(); ++i) {
    const std::string layer = "bert.encoder.layer." + std::to_string(i) + ".";
    for (const char* part : {"attention.self", "attention.output.dense", "intermediate.dense", "output.dense"}) {
      names.push_back(layer + part + ".input");
    }
  }
  names.emplace_back("bert.pooler.dense.input");
  return names;
}

ActivationScale scale_of_range(float low, float high) {
  low = std::min(low, 0.0F);
  high = std::max(high, 0.0F);
  const float scale = (high - low) / 255.0F;
  return {scale, static_cast<uint8_t>(std::nearbyint(std::clamp(-low / scale, 0.0F, 255.0F)))};
}

bool is_activation_scale(std::string_view tensor_name) {
  return tensor_name.ends_with(kInputScale) || tensor_name.ends_with(kInputZeroPoint);
}

Result<std::optional<std::vector<ActivationScale>>> find_activation_scales(const records::BertConfig& config,
                                                                           const TensorMap& tensors,
                                                                           const std::string& source) {
  const bool any =
      std::any_of(tensors.begin(), tensors.end(), [](const auto& entry) { return is_activation_scale(entry.first); });
  if (!any) return std::optional<std::vector<ActivationScale>>();
  std::vector<ActivationScale> scales;
  for (const std::string& name : product_inputs(config)) {
    const auto scale = tensors.find(name + std::string(kScaleSuffix));
    const auto zero_point = tensors.find(name + "_zero_point");
    const std::string where = source + ": the static scale of " + name;
    if (scale == tensors.end() || zero_point == tensors.end()) {
      return invalid_input(where + " or its zero point is missing, while others are there; export the model anew");
    }
    if (scale->second.dtype != DType::kF32 || !scale->second.shape.empty() || zero_point->second.dtype != DType::kU8 ||
        !zero_point->second.shape.empty()) {
      return invalid_input(where + " is " + std::string(name_of(scale->second.dtype)) + " " +
                           shape_text(scale->second.shape) + " with a zero point " +
                           std::string(name_of(zero_point->second.dtype)) + " " + shape_text(zero_point->second.shape) +
                           "; expected scalars, F32 and U8");
    }
    COPPICE_ASSIGN_OR_RETURN(const std::vector<float> value, to_floats(scale->second, where));
    if (value.size() != 1 || zero_point->second.bytes.size() != 1 || !std::isfinite(value[0]) || value[0] <= 0) {
      return invalid_input(where + " is no finite number above 0; the file is altered, export the model anew");
    }
    scales.push_back({value[0], static_cast<uint8_t>(zero_point->second.bytes[0])});
  }
  return std::optional(std::move(scales));
}

}  // namespace coppice::engine
