#include "shared/engine/classifier.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "shared/base/half.h"

namespace coppice::engine {
namespace {

const std::string kWords = "bert.embeddings.word_embeddings.weight";

Result<LayerNormWeights> take_norm(const TensorMap& tensors, const std::string& name) {
  LayerNormWeights norm;
  COPPICE_ASSIGN_OR_RETURN(norm.weight, to_floats(tensors.at(name + ".weight"), name + ".weight"));
  COPPICE_ASSIGN_OR_RETURN(norm.bias, to_floats(tensors.at(name + ".bias"), name + ".bias"));
  return norm;
}

int64_t stored_bytes(const TensorMap& tensors) {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += static_cast<int64_t>(tensor.bytes.size());
  return bytes;
}

std::string megabytes(int64_t bytes) { return std::to_string((bytes + 999999) / 1000000) + " MB"; }

}  // namespace

// Where packed weights may go within the file's bytes: over their tensor's own, and over the few bytes of its name and
// length before them, so that they can be aligned.
class Classifier::Homes {
 public:
  // in_place: the same bytes as `bytes`; null: nowhere.
  Homes(std::span<const std::byte> bytes, std::byte* in_place, const TensorMap& all)
      : begin_(bytes.data()), in_place_(in_place) {
    if (in_place == nullptr) return;
    ends_.insert(begin_);
    for (const auto& [name, tensor] : all) {
      for (const std::span<const std::byte> part : {tensor.bytes, tensor.row_scales}) {
        if (!part.empty()) ends_.insert(part.data() + part.size());
      }
    }
  }
  [[nodiscard]] TensorHome of(const TensorView& tensor) const {
    if (in_place_ == nullptr || tensor.bytes.empty()) return {};
    const std::byte* before = *std::prev(ends_.upper_bound(tensor.bytes.data()));
    const auto room = std::min<size_t>(static_cast<size_t>(tensor.bytes.data() - before), kAlignment - 1);
    return {in_place_ + (tensor.bytes.data() - begin_) - room, tensor.bytes.size() + room};
  }

 private:
  static constexpr size_t kAlignment = sizeof(float);
  const std::byte* begin_;
  std::byte* in_place_;
  std::set<const std::byte*, std::less<>> ends_;
};

Result<Classifier> Classifier::load(const records::BertConfig& config, std::span<const std::byte> bytes,
                                    const std::string& source, const ClassifierOptions& options) {
  return load_into(config, bytes, nullptr, source, options);
}

Result<Classifier> Classifier::load_in_place(const records::BertConfig& config, std::span<std::byte> bytes,
                                             const std::string& source, const ClassifierOptions& options) {
  return load_into(config, bytes, bytes.data(), source, options);
}

Result<Classifier> Classifier::load_into(const records::BertConfig& config, std::span<const std::byte> bytes,
                                         std::byte* in_place, const std::string& source,
                                         const ClassifierOptions& options) {
  COPPICE_ASSIGN_OR_RETURN(const TensorMap all, parse_weights(bytes, source));
  COPPICE_ASSIGN_OR_RETURN(const TensorMap tensors, take_weights(config, all, /*require_classifier=*/true, source));
  SessionOptions longest;
  longest.most_tokens = static_cast<size_t>(config.max_position_embeddings);
  // Packed weights may take a fifth more than the file's (row sums, indices of what is left of sparse ones).
  const int64_t needed = stored_bytes(tensors) * 6 / 5 + static_cast<int64_t>(session_bytes(config, longest));
  if (options.memory_limit_bytes > 0 && needed > options.memory_limit_bytes) {
    return failed(source + ": the model needs about " + megabytes(needed) + " of memory, and " +
                  megabytes(options.memory_limit_bytes) + " are allowed; take a smaller model or allow more");
  }
  Classifier model;
  model.config_ = config;
  COPPICE_ASSIGN_OR_RETURN(model.activation_scales_, find_activation_scales(config, all, source));
  const auto is_int8 = [](const auto& entry) { return entry.second.dtype == DType::kI8; };
  model.int8_file_ = std::any_of(tensors.begin(), tensors.end(), is_int8);
  model.int8_products_ = model.int8_file_ && !options.int8_as_float32;
  if (model.int8_products_) {
    const std::vector<ExpectedTensor> expected = expected_tensors(config);
    for (const ExpectedTensor& tensor : expected) {
      const bool product = tensor.shape.size() == 2 && !tensor.name.starts_with("bert.embeddings.") &&
                           !tensor.name.starts_with("classifier.");
      if (product && tensors.at(tensor.name).dtype != DType::kI8) {
        return unsupported(source + ": " + tensor.name + " is " + std::string(name_of(tensors.at(tensor.name).dtype)) +
                           " while other matrices are I8; expected all of the encoder and the pooler to be. Export the "
                           "model anew with --weights int8 or fp16.");
      }
    }
  }
  KernelCosts costs = options.costs;
  std::set<FormatChoice> measured;
  const CostsFor costs_for = [&](FormatChoice choice) -> const KernelCosts& {
    const bool included = choice == FormatChoice::kDenseInt8 && measured.contains(FormatChoice::kInt8);
    if (options.measure_costs && !included && measured.insert(choice).second) options.measure_costs(choice, costs);
    return costs;
  };
  const auto load = [&]() -> Status {
    const Homes homes(bytes, in_place, all);
    COPPICE_RETURN_IF_ERROR(model.load_tables(tensors, homes));
    const auto linear = [&](const std::string& name) {
      const TensorView& weight = tensors.at(name + ".weight");
      return Linear::pack(name + ".weight", weight, tensors.at(name + ".bias"), costs_for, model.int8_products_,
                          homes.of(weight));
    };
    for (size_t i = 0; i < config.layers.size(); ++i) {
      const std::string name = "bert.encoder.layer." + std::to_string(i);
      EncoderLayer layer;
      layer.heads = static_cast<size_t>(config.layers[i].num_attention_heads);
      COPPICE_ASSIGN_OR_RETURN(layer.query, linear(name + ".attention.self.query"));
      COPPICE_ASSIGN_OR_RETURN(layer.key, linear(name + ".attention.self.key"));
      COPPICE_ASSIGN_OR_RETURN(layer.value, linear(name + ".attention.self.value"));
      COPPICE_ASSIGN_OR_RETURN(layer.attention_output, linear(name + ".attention.output.dense"));
      COPPICE_ASSIGN_OR_RETURN(layer.attention_norm, take_norm(tensors, name + ".attention.output.LayerNorm"));
      COPPICE_ASSIGN_OR_RETURN(layer.intermediate, linear(name + ".intermediate.dense"));
      COPPICE_ASSIGN_OR_RETURN(layer.output, linear(name + ".output.dense"));
      COPPICE_ASSIGN_OR_RETURN(layer.output_norm, take_norm(tensors, name + ".output.LayerNorm"));
      model.layers_.push_back(std::move(layer));
    }
    COPPICE_ASSIGN_OR_RETURN(model.pooler_, linear("bert.pooler.dense"));
    COPPICE_ASSIGN_OR_RETURN(model.classifier_, to_floats(tensors.at("classifier.weight"), "classifier.weight"));
    COPPICE_ASSIGN_OR_RETURN(const std::vector<float> bias,
                             to_floats(tensors.at("classifier.bias"), "classifier.bias"));
    model.classifier_bias_ = {bias[0], bias[1]};
    return {};
  };
  if (const Status status = load(); !status.ok()) return status.with_context(source);
  return model;
}

Status Classifier::load_tables(const TensorMap& tensors, const Homes& homes) {
  const TensorView& words = tensors.at(kWords);
  const bool kept_as_stored = words.dtype == DType::kF32 || words.dtype == DType::kF16 || words.dtype == DType::kI8;
  if (kept_as_stored) {
    word_type_ = words.dtype;
    words_ = homes.of(words).take(words.bytes.size(), size_of(words.dtype));
    if (words_.size() == words.bytes.size())
      std::memmove(words_.as<std::byte>(), words.bytes.data(), words.bytes.size());
    if (words.dtype == DType::kI8) {
      if (words.row_scales.empty()) return invalid_input(kWords + " is I8 without scales; export the model anew");
      word_scales_.resize(words.row_scales.size() / sizeof(float));
      std::memcpy(word_scales_.data(), words.row_scales.data(), words.row_scales.size());
    }
  } else {
    COPPICE_ASSIGN_OR_RETURN(const std::vector<float> values, to_floats(words, kWords));
    words_ = AlignedBytes(values.size() * sizeof(float));
    if (words_.size() != 0) std::copy(values.begin(), values.end(), words_.as<float>());
  }
  if (words_.size() == 0) return failed(kWords + ": no memory for the table; close other programs");
  const std::string positions = "bert.embeddings.position_embeddings.weight";
  const std::string types = "bert.embeddings.token_type_embeddings.weight";
  COPPICE_ASSIGN_OR_RETURN(positions_, to_floats(tensors.at(positions), positions));
  COPPICE_ASSIGN_OR_RETURN(const std::vector<float> type_rows, to_floats(tensors.at(types), types));
  // Single texts only: every token is of type 0.
  const auto width = static_cast<size_t>(config_.hidden_size);
  for (size_t i = 0; i < positions_.size(); ++i) positions_[i] += type_rows[i % width];
  COPPICE_ASSIGN_OR_RETURN(embedding_norm_, take_norm(tensors, "bert.embeddings.LayerNorm"));
  return {};
}

void Classifier::word_row(int32_t id, float* out) const {
  const auto width = static_cast<size_t>(config_.hidden_size);
  const size_t first = static_cast<size_t>(id) * width;
  if (word_type_ == DType::kF16) {
    kernels::widen_float16(words_.as<uint16_t>() + first, width, out);
  } else if (word_type_ == DType::kI8) {
    kernels::widen_int8(words_.as<int8_t>() + first, width, word_scales_[static_cast<size_t>(id)], out);
  } else {
    std::memcpy(out, words_.as<float>() + first, width * sizeof(float));
  }
}

const char* Classifier::arithmetic() const {
  if (!int8_file_) return "float32";
  if (!int8_products_) return "float32 from int8 weights";
  return activation_scales_ ? "int8 weights and activations of static scale" : "int8 weights and activations";
}

size_t Classifier::bytes() const {
  size_t bytes = words_.size() + (word_scales_.size() + positions_.size() + classifier_.size()) * sizeof(float);
  for (const EncoderLayer& layer : layers_) {
    for (const Linear* linear :
         {&layer.query, &layer.key, &layer.value, &layer.attention_output, &layer.intermediate, &layer.output}) {
      bytes += linear->bytes();
    }
    bytes += (layer.attention_norm.weight.size() + layer.output_norm.weight.size()) * 2 * sizeof(float);
  }
  return bytes + pooler_.bytes() + embedding_norm_.weight.size() * 2 * sizeof(float);
}

}  // namespace coppice::engine
