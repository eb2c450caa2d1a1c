// Static scales of activations: what `coppice export --activations static` writes into an int8 ONNX file, so that an
// engine need not look for the range of a product's input at each run, and what readers of the file take back.
//
// One scale and zero point for each input of a product: value = clamp(round(x / scale) + zero point, 0, 255), ties to
// even (ONNX QuantizeLinear, opset 13). In the file NAME_scale (float32 scalar) and NAME_zero_point (uint8 scalar),
// NAME being "bert.encoder.layer.0.attention.self.input" for what query, key and value share,
// "...attention.output.dense.input", "...intermediate.dense.input", "...output.dense.input" and
// "bert.pooler.dense.input".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/status.h"
#include "shared/engine/weights.h"
#include "shared/records/bert_config.h"

namespace coppice::engine {

struct ActivationScale {
  float scale = 1;
  uint8_t zero_point = 0;
};

// The NAMEs, in the order of the network: four a layer, then the pooler's.
std::vector<std::string> product_inputs(const records::BertConfig& config);

// Of the range [min(low, 0), max(high, 0)], which must be wider than nothing: scale = width / 255, zero point =
// round(-low / scale), as ONNX DynamicQuantizeLinear.
ActivationScale scale_of_range(float low, float high);

// NAME_scale or NAME_zero_point of one of the above.
bool is_activation_scale(std::string_view tensor_name);

// Absent where `tensors` has none. Refused: some without the others, another type or shape, a scale that is not a
// finite number above 0.
Result<std::optional<std::vector<ActivationScale>>> find_activation_scales(const records::BertConfig& config,
                                                                           const TensorMap& tensors,
                                                                           const std::string& source);

}  // namespace coppice::engine
