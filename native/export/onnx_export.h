// A BERT classifier as an ONNX file, through the protobuf library and checked by ONNX's own checker and shape
// inference.
//
// Inputs input_ids and attention_mask, int64 (batch, sequence), both dynamic; output logits, float32 (batch, 2).
// Position ids follow from the sequence length, token types are all 0. Opset 17, IR version 8. The initialisers are the
// checkpoint's tensors, by name and shape: Linear weights are (out, in) and transposed by a node that ONNX Runtime
// folds when it loads the file. The node patterns are those that ONNX Runtime fuses (Attention, SkipLayerNormalization,
// BiasGelu). The same input gives the same bytes.
#pragma once

#include <filesystem>
#include <string>

#include "shared/base/status.h"
#include "shared/engine/weights.h"
#include "shared/records/bert_config.h"

namespace coppice {

enum class OnnxWeights {
  kFloat32,
  // Stored as float16 with a Cast to float32, computed in float32. Rounding changes a weight by at most 2^-11 = 4.9e-4
  // of its size (below 6.1e-5 by at most 3e-8).
  kFloat16,
};

struct OnnxExportOptions {
  OnnxWeights weights = OnnxWeights::kFloat32;
  std::string producer_version;
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
