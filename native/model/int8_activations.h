// What the integer products of an int8 ONNX file see of their inputs, in float32.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "shared/engine/activation_scales.h"

namespace coppice::model {

// x (N, K) with each review's rows [offsets[b], offsets[b + 1]) rounded to 8 bits over their own range and back, as
// ONNX's DynamicQuantizeLinear (opset 11) does to one review at a time: scale = (max(x, 0) - min(x, 0)) / 255, zero
// point = round(-min(x, 0) / scale), value = clamp(round(x / scale) + zero point, 0, 255), ties to even. Returns
// (value - zero point) * scale.
//
// A product of that with weights (scale of the row times an integer) is MatMulInteger's, scaled, but for the order in
// which float32 rounds: integers of 8 bits and their products are exact in float32, sums are to 2^-24 of themselves.
// But where another engine's float32 differs in its last bits, a value near the middle of two steps may go the other
// way: logits of MiniLM differed from ONNX Runtime's by 0.01 in the mean and 0.04 at most on 26 reviews, a quarter of
// what rounding to int8 changes.
at::Tensor round_to_uint8(const at::Tensor& x, const std::vector<int64_t>& offsets);

// The same with a scale that is known beforehand (ONNX QuantizeLinear): what is outside its range is clipped.
at::Tensor round_to_uint8(const at::Tensor& x, engine::ActivationScale scale);

}  // namespace coppice::model
