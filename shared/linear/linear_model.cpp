#include "shared/linear/linear_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "shared/engine/safetensors.h"

namespace coppice::linear {
namespace {

constexpr int64_t kVersion = 1;
constexpr const char* kWords = "coppice_words_1";
constexpr const char* kHash = "fnv1a_mix64_1";
constexpr float kSteps = 127;

void expect(JsonReader& reader, const char* key, const std::string& known) {
  if (const std::string found = reader.string(key); reader.status().ok() && found != known) {
    reader.fail(key, "is \"" + found + "\"; this version of Coppice knows " + known + " only");
  }
}

Result<float> scalar(const engine::SafetensorsFile& file, const char* name, const std::string& source) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end()) return invalid_input(source + ": there is no tensor " + name);
  const engine::TensorView& view = found->second;
  if (view.dtype != engine::DType::kF32 || view.shape != std::vector<int64_t>{1}) {
    return invalid_input(source + ": " + name + ": expected F32 of shape (1), found " +
                         std::string(engine::name_of(view.dtype)) + " of shape " + engine::shape_text(view.shape));
  }
  COPPICE_ASSIGN_OR_RETURN(const std::vector<float> values, engine::to_floats(view, name));
  if (!std::isfinite(values[0])) return invalid_input(source + ": " + name + " is not finite");
  return values[0];
}

Result<LinearWeights> parse_weights(const LinearConfig& config, std::span<const std::byte> bytes,
                                    const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const engine::SafetensorsFile file, engine::parse_safetensors(bytes, source));
  LinearWeights weights;
  COPPICE_ASSIGN_OR_RETURN(weights.scale, scalar(file, "scale", source));
  COPPICE_ASSIGN_OR_RETURN(weights.bias, scalar(file, "bias", source));
  const auto found = file.tensors.find("weight");
  if (found == file.tensors.end()) return invalid_input(source + ": there is no tensor weight");
  const engine::TensorView& view = found->second;
  const int64_t buckets = int64_t{1} << config.features.hash_bits;
  if (view.dtype != engine::DType::kI8 || view.shape != std::vector<int64_t>{buckets}) {
    return invalid_input(source + ": weight: expected I8 of shape (" + std::to_string(buckets) +
                         ") as config.json's hash_bits says, found " + std::string(engine::name_of(view.dtype)) +
                         " of shape " + engine::shape_text(view.shape));
  }
  weights.weight.resize(view.bytes.size());
  std::memcpy(weights.weight.data(), view.bytes.data(), view.bytes.size());
  return weights;
}

std::span<const std::byte> bytes_of(const float& value) { return std::as_bytes(std::span(&value, 1)); }

}  // namespace

bool is_linear_config(const Json& config) {
  return config.is_object() && config.contains("model_type") && config["model_type"] == kModelType;
}

Result<LinearConfig> parse_linear_config(std::string_view bytes, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(bytes, source));
  JsonReader reader(document, source);
  expect(reader, "model_type", kModelType);
  if (const int64_t version = reader.integer("version"); reader.status().ok() && version != kVersion) {
    reader.fail("version", "is " + std::to_string(version) + "; this version of Coppice knows 1 only");
  }
  expect(reader, "words", kWords);
  expect(reader, "hash", kHash);
  LinearConfig config;
  FeatureOptions& features = config.features;
  features.hash_bits = reader.integer("hash_bits");
  features.max_ngram = reader.integer("max_ngram");
  const std::string weighting = reader.string("weighting");
  const std::string norm = reader.string("norm");
  const Json& labels = reader.at("id2label");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (features.hash_bits < kLeastHashBits || features.hash_bits > kMostHashBits) {
    reader.fail("hash_bits", "is " + std::to_string(features.hash_bits) + "; expected " +
                                 std::to_string(kLeastHashBits) + " to " + std::to_string(kMostHashBits));
  }
  if (features.max_ngram < 1 || features.max_ngram > 3) reader.fail("max_ngram", "expected 1 to 3");
  COPPICE_ASSIGN_OR_RETURN(features.weighting, parse_weighting(weighting, source + ": weighting"));
  COPPICE_ASSIGN_OR_RETURN(features.norm, parse_norm(norm, source + ": norm"));
  COPPICE_RETURN_IF_ERROR(reader.status());
  JsonReader label_reader(labels, source + ": id2label");
  config.labels = {label_reader.string("0"), label_reader.string("1")};
  COPPICE_RETURN_IF_ERROR(label_reader.status());
  return config;
}

OrderedJson to_json(const LinearConfig& config) {
  OrderedJson json;
  json["model_type"] = kModelType;
  json["version"] = kVersion;
  json["words"] = kWords;
  json["hash"] = kHash;
  json["hash_bits"] = config.features.hash_bits;
  json["max_ngram"] = config.features.max_ngram;
  json["weighting"] = to_string(config.features.weighting);
  json["norm"] = to_string(config.features.norm);
  json["id2label"] = {{"0", config.labels[0]}, {"1", config.labels[1]}};
  return json;
}

LinearWeights quantise(std::span<const float> weights, double bias) {
  float largest = 0;
  for (const float weight : weights) largest = std::max(largest, std::fabs(weight));
  LinearWeights result;
  result.scale = largest / kSteps;
  result.bias = static_cast<float>(bias);
  result.weight.reserve(weights.size());
  for (const float weight : weights) {
    result.weight.push_back(largest > 0 ? static_cast<int8_t>(std::lround(weight / largest * kSteps)) : int8_t{0});
  }
  return result;
}

std::string to_safetensors(const LinearWeights& weights) {
  const auto buckets = static_cast<int64_t>(weights.weight.size());
  const std::vector<std::pair<std::string, engine::TensorView>> tensors = {
      {"bias", {engine::DType::kF32, {1}, bytes_of(weights.bias)}},
      {"scale", {engine::DType::kF32, {1}, bytes_of(weights.scale)}},
      {"weight", {engine::DType::kI8, {buckets}, std::as_bytes(std::span(weights.weight))}}};
  std::string bytes = engine::safetensors_header(tensors, {{"format", kModelType}});
  for (const auto& [name, view] : tensors)
    bytes.append(reinterpret_cast<const char*>(view.bytes.data()), view.bytes.size());
  return bytes;
}

Result<LinearModel> LinearModel::create(std::string_view config_json, std::span<const std::byte> safetensors,
                                        const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(LinearConfig config, parse_linear_config(config_json, source + "/config.json"));
  COPPICE_ASSIGN_OR_RETURN(LinearWeights weights, parse_weights(config, safetensors, source + "/" + kWeightsFileName));
  return LinearModel(std::move(config), std::move(weights));
}

Judgement LinearModel::judge(std::string_view text) const {
  const TextNgrams ngrams = ngrams_of(text, config_.features.max_ngram);
  double sum = 0;
  for (const Feature& feature : features_of(ngrams, config_.features))
    sum += static_cast<double>(weights_.weight[feature.bucket]) * feature.value;
  const double z = sum * weights_.scale + weights_.bias;
  Judgement judgement;
  judgement.logits = {static_cast<float>(-z / 2), static_cast<float>(z / 2)};
  judgement.words = ngrams.words;
  return judgement;
}

}  // namespace coppice::linear
