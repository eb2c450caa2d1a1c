// What the integer products of an int8 ONNX file see of their inputs, in float32.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "shared/engine/activation_scales.h"

namespace coppice::model {

// Activations rounded to 8 bits: whole numbers, value - zero point, and the scale of each row.
struct RoundedActivations {
  at::Tensor steps;   // (N, K)
  at::Tensor scales;  // (N, 1), or (1, 1) where all rows have one
};

// x (N, K) with each review's rows [offsets[b], offsets[b + 1]) rounded over their own range, as ONNX's
// DynamicQuantizeLinear (opset 11) does to one review at a time: scale = (max(x, 0) - min(x, 0)) / 255, zero point =
// round(-min(x, 0) / scale), value = clamp(round(x / scale) + zero point, 0, 255), ties to even.
//
// A product of the steps with int8 weights is MatMulInteger's: integers of 8 bits and their products are exact in
// float32, and so are sums below 2^24, which sums of either sign stay far below. Where another engine's float32 differs
// in its last bits before a rounding, a value near the middle of two steps may go the other way: logits of MiniLM
// differed from ONNX Runtime's by 0.01 in the mean, a seventh of what rounding to int8 changes.
RoundedActivations round_steps(const at::Tensor& x, const std::vector<int64_t>& offsets);
// The same with a scale that is known beforehand (ONNX QuantizeLinear): what is outside its range is clipped.
RoundedActivations round_steps(const at::Tensor& x, engine::ActivationScale scale);

// There and back: steps * scales.
at::Tensor round_to_uint8(const at::Tensor& x, const std::vector<int64_t>& offsets);
at::Tensor round_to_uint8(const at::Tensor& x, engine::ActivationScale scale);

}  // namespace coppice::model
