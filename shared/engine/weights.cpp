#include "shared/engine/weights.h"

#include <algorithm>

#include "shared/engine/activation_scales.h"
#include "shared/engine/int8_rows.h"
#include "shared/engine/onnx_reader.h"

namespace coppice::engine {
namespace {

using records::BertConfig;
using records::LayerShape;

constexpr std::string_view kPrefix = "bert.";

void add_linear(std::vector<ExpectedTensor>& list, const std::string& name, int64_t out, int64_t in) {
  list.push_back({name + ".weight", {out, in}});
  list.push_back({name + ".bias", {out}});
}

void add_layer_norm(std::vector<ExpectedTensor>& list, const std::string& name, int64_t size) {
  list.push_back({name + ".weight", {size}});
  list.push_back({name + ".bias", {size}});
}

std::string layer_name(size_t index) { return "bert.encoder.layer." + std::to_string(index); }

// Stored in some checkpoints, but computed and not learned.
bool is_buffer(std::string_view name) {
  const auto ends_with = [&](std::string_view end) {
    return name.size() >= end.size() && name.substr(name.size() - end.size()) == end;
  };
  return ends_with("embeddings.position_ids") || ends_with("embeddings.token_type_ids");
}

// Heads of other tasks that base checkpoints carry ("cls.predictions...", "cls.seq_relationship..."): replaced by the
// classifier when a base model is fine-tuned.
bool is_other_head(std::string_view name) { return name.starts_with("cls."); }

std::string list_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

Result<TensorMap> parse_weights(std::span<const std::byte> bytes, const std::string& source) {
  // ONNX starts with field 1 (ir_version) as a varint, 0x08. A safetensors header of 8 bytes modulo 256 starts so too,
  // but then bytes 1 to 7 hold the rest of its length, which in ONNX are names and so give an absurd length.
  const bool plausible_length = bytes.size() > 8 && bytes[6] == std::byte{0} && bytes[7] == std::byte{0};
  if (!plausible_length && !bytes.empty() && bytes[0] == std::byte{0x08}) {
    COPPICE_ASSIGN_OR_RETURN(OnnxFile file, parse_onnx(bytes, source));
    COPPICE_RETURN_IF_ERROR(attach_row_scales(file.tensors, source));
    return std::move(file.tensors);
  }
  COPPICE_ASSIGN_OR_RETURN(SafetensorsFile file, parse_safetensors(bytes, source));
  return std::move(file.tensors);
}

std::vector<ExpectedTensor> expected_tensors(const BertConfig& config, bool with_pooler) {
  const int64_t h = config.hidden_size;
  std::vector<ExpectedTensor> list;
  list.push_back({"bert.embeddings.word_embeddings.weight", {config.vocab_size, h}});
  list.push_back({"bert.embeddings.position_embeddings.weight", {config.max_position_embeddings, h}});
  list.push_back({"bert.embeddings.token_type_embeddings.weight", {config.type_vocab_size, h}});
  add_layer_norm(list, "bert.embeddings.LayerNorm", h);
  for (size_t i = 0; i < config.layers.size(); ++i) {
    const LayerShape& layer = config.layers[i];
    const int64_t a = config.attention_size(layer);
    const std::string name = layer_name(i);
    for (const char* part : {"query", "key", "value"}) add_linear(list, name + ".attention.self." + part, a, h);
    add_linear(list, name + ".attention.output.dense", h, a);
    add_layer_norm(list, name + ".attention.output.LayerNorm", h);
    add_linear(list, name + ".intermediate.dense", layer.intermediate_size, h);
    add_linear(list, name + ".output.dense", h, layer.intermediate_size);
    add_layer_norm(list, name + ".output.LayerNorm", h);
  }
  if (with_pooler) add_linear(list, "bert.pooler.dense", h, h);
  add_linear(list, "classifier", 2, h);
  return list;
}

std::vector<std::string> encoder_matrices(const BertConfig& config) {
  std::vector<std::string> names;
  for (size_t i = 0; i < config.layers.size(); ++i) {
    for (const char* part : {".attention.self.query", ".attention.self.key", ".attention.self.value",
                             ".attention.output.dense", ".intermediate.dense", ".output.dense"}) {
      names.push_back(layer_name(i) + part + ".weight");
    }
  }
  return names;
}

Result<TensorMap> take_weights(const BertConfig& config, const TensorMap& tensors, bool require_classifier,
                               const std::string& source) {
  const bool prefixed =
      std::any_of(tensors.begin(), tensors.end(), [](const auto& entry) { return entry.first.starts_with(kPrefix); });
  TensorMap taken;
  std::vector<std::string> missing;
  std::vector<std::string> mis_shaped;
  std::map<std::string, bool> used;
  for (const ExpectedTensor& expected : expected_tensors(config)) {
    const bool classifier = expected.name.starts_with("classifier.");
    const std::string stored = prefixed || classifier ? expected.name : expected.name.substr(kPrefix.size());
    const auto it = tensors.find(stored);
    if (it == tensors.end()) {
      if (!classifier || require_classifier) missing.push_back(stored + " " + shape_text(expected.shape));
      continue;
    }
    used[stored] = true;
    if (it->second.shape != expected.shape) {
      mis_shaped.push_back(stored + " is " + shape_text(it->second.shape) + ", expected " + shape_text(expected.shape));
      continue;
    }
    taken[expected.name] = it->second;
  }
  std::vector<std::string> unexpected;
  for (const auto& [name, view] : tensors) {
    if (used.count(name) == 0 && !is_buffer(name) && !is_activation_scale(name) &&
        !(is_other_head(name) && !require_classifier)) {
      unexpected.push_back(name + " " + shape_text(view.shape));
    }
  }
  if (missing.empty() && mis_shaped.empty() && unexpected.empty()) return taken;

  std::string message = source + ": the weights do not fit config.json.";
  const auto add_list = [&](const char* title, const std::vector<std::string>& names) {
    if (!names.empty())
      message += std::string(" ") + title + " (" + std::to_string(names.size()) + "): " + list_names(names) + ".";
  };
  add_list("Missing", missing);
  add_list("Unexpected", unexpected);
  add_list("Of another shape", mis_shaped);
  return invalid_input(message + " Take config.json and the weights from the same checkpoint.");
}

int64_t count_nonzero(const TensorView& tensor) {
  const size_t size = size_of(tensor.dtype);
  // A floating-point zero has no bit set but perhaps the sign, which is the top bit of the last byte (little-endian).
  const bool signed_zero = tensor.dtype == DType::kF64 || tensor.dtype == DType::kF32 || tensor.dtype == DType::kF16 ||
                           tensor.dtype == DType::kBF16;
  int64_t count = 0;
  for (size_t i = 0; i + size <= tensor.bytes.size(); i += size) {
    std::byte bits{0};
    for (size_t k = 0; k + 1 < size; ++k) bits |= tensor.bytes[i + k];
    const std::byte last = tensor.bytes[i + size - 1];
    bits |= signed_zero ? last & std::byte{0x7F} : last;
    count += bits != std::byte{0} ? 1 : 0;
  }
  return count;
}

}  // namespace coppice::engine
