// The tensors of a BERT classifier by their Hugging Face checkpoint names, whichever file they come from, and whether
// they fit a configuration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"
#include "shared/engine/safetensors.h"
#include "shared/records/bert_config.h"

namespace coppice::engine {

using TensorMap = std::map<std::string, TensorView>;

// From the bytes of a safetensors or an ONNX file (told apart by their beginning). Views into `bytes`. The scales of
// int8 matrices are in row_scales of their tensor and no tensors of their own (int8_rows.h).
// Names are as stored: "bert.encoder.layer.0..." in our files, without "bert." in files of a bare encoder.
Result<TensorMap> parse_weights(std::span<const std::byte> bytes, const std::string& source);

// Name of one tensor and the shape a configuration gives it.
struct ExpectedTensor {
  std::string name;  // with the "bert." prefix
  std::vector<int64_t> shape;
};

// All tensors of BertForSequenceClassification in the order of the checkpoint. Linear weights are (out, in).
std::vector<ExpectedTensor> expected_tensors(const records::BertConfig& config, bool with_pooler = true);

// The six matrices of one encoder layer (query, key, value, attention output, intermediate, output): what pruning
// counts against.
std::vector<std::string> encoder_matrices(const records::BertConfig& config);

// The tensors `config` asks for, under their full names ("bert." is added where the file leaves it out). The error
// lists every missing, unexpected and mis-shaped tensor. Buffers and static scales of
// activations (activation_scales.h) are no weights and are passed over;
// the classifier may be missing when `require_classifier` is false, and is then absent from the result.
Result<TensorMap> take_weights(const records::BertConfig& config, const TensorMap& tensors, bool require_classifier,
                               const std::string& source);

// Elements that are not zero; NaN counts as not zero.
int64_t count_nonzero(const TensorView& tensor);

}  // namespace coppice::engine
