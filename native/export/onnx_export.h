// A BERT classifier as an ONNX file, through the protobuf library and checked by ONNX's own checker and shape
// inference.
//
// Inputs input_ids and attention_mask, int64 (batch, sequence), both dynamic; output logits, float32 (batch, 2).
// Position ids follow from the sequence length, token types are all 0. Opset 17, IR version 8. The initialisers are the
// checkpoint's tensors, by name and shape: Linear weights are (out, in) and transposed by a node that ONNX Runtime
// folds when it loads the file. The node patterns are those that ONNX Runtime fuses (Attention, SkipLayerNormalization,
// BiasGelu). The same input gives the same bytes.
//
// With kInt8 the matrices (query, key, value, attention output, intermediate, output, pooler) and the word embeddings
// are int8 under the checkpoint's names, each with its scales beside it as NAME_scale (shared/engine/int8_rows.h); the
// rest is float16. A product is
//   DynamicQuantizeLinear(x) -> MatMulInteger -> Cast -> Mul(scale of x * scales of the rows) -> Add(bias),
// which ONNX Runtime fuses into one (MatMulIntegerToFloat); query, key and value share their quantised input. Scale and
// zero point of x are found at each run over the whole tensor, padding and other reviews of a batch included, so that a
// review's logits depend a little on what it is batched with: the page and `coppice` give one review a run. In the last
// layer only the [CLS] row goes through query, attention output and feed-forward, since nothing else reaches the
// classifier (the other forms leave it to ONNX Runtime's fused Attention, which computes all rows).
//
// With static scales (kInt8 and `activation_scales`) a product is in the QDQ form that ONNX Runtime turns into
// integers,
//   QuantizeLinear(x) -> DequantizeLinear -> MatMul with DequantizeLinear(weights) -> Add(bias),
// with NAME_scale and NAME_zero_point of each input as initialisers (shared/engine/activation_scales.h). Then nothing
// depends on a batch's other reviews.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"
#include "shared/engine/activation_scales.h"
#include "shared/engine/weights.h"
#include "shared/records/bert_config.h"

namespace coppice {

enum class OnnxWeights {
  kFloat32,
  // Stored as float16 with a Cast to float32, computed in float32. Rounding changes a weight by at most 2^-11 = 4.9e-4
  // of its size (below 6.1e-5 by at most 3e-8).
  kFloat16,
  // Matrices and word embeddings int8 with a scale a row, products in integers; see above. Matrices use -64..64,
  // "reduced range": ONNX Runtime's native kernel on x86-64 before VNNI sums two products in 16 bits (VPMADDUBSW) and
  // clips what does not fit; 2 * 255 * 64 does. ONNX Runtime Web 1.30 (16-bit products summed in 32 bits), VNNI and Arm
  // clip nothing either way, but a verdict should not depend on the machine, and the finer steps of the whole range
  // (127) showed no gain in logits: the activations' 8 bits are what changes them. Measured: docs/bench/int8.json,
  // tests/bench/int8. Word embeddings are only looked up and use the whole range.
  kInt8,
};

std::string_view name_of(OnnxWeights weights);  // "fp32", "fp16", "int8"

struct OnnxExportOptions {
  OnnxWeights weights = OnnxWeights::kFloat32;
  std::string producer_version;
  // With kInt8: static scales, one for each of engine::product_inputs; empty: found at each run.
  std::vector<engine::ActivationScale> activation_scales = {};
};

// `weights`: all of engine::expected_tensors(config) by full name, floating point. Errors: a tensor missing or of
// another shape, a value that is not finite or does not fit float16, a model over protobuf's 2 GiB, the checker's
// complaint.
Result<std::string> onnx_bytes(const records::BertConfig& config, const engine::TensorMap& weights,
                               const OnnxExportOptions& options);

// The same written to `path` in one step.
Status export_onnx(const records::BertConfig& config, const engine::TensorMap& weights,
                   const OnnxExportOptions& options, const std::filesystem::path& path);

}  // namespace coppice
