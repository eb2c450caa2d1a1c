// A linear classifier over hashed word n-grams: reading its folder's files, and judging.
//
// config.json:
//   {"model_type":"coppice_linear", "version":1, "words":"coppice_words_1", "hash":"fnv1a_mix64_1",
//    "hash_bits":21, "max_ngram":2, "weighting":"binary", "norm":"l2", "id2label":{"0":"negative","1":"positive"}}
// model.safetensors: "weight" I8 (2^hash_bits), "scale" F32 (1), "bias" F32 (1). An n-gram's weight is scale * weight.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/linear/features.h"

namespace coppice::linear {

inline constexpr const char* kModelType = "coppice_linear";
inline constexpr const char* kWeightsFileName = "model.safetensors";

struct LinearConfig {
  FeatureOptions features;
  std::array<std::string, 2> labels = {"negative", "positive"};
};

// True if config.json says that the folder holds a model of this kind.
bool is_linear_config(const Json& config);
// Errors name the member. Another version, another way of cutting words or hashing them is refused: with it the weights
// would mean nothing.
Result<LinearConfig> parse_linear_config(std::string_view bytes, const std::string& source);
OrderedJson to_json(const LinearConfig& config);

struct LinearWeights {
  std::vector<int8_t> weight;
  float scale = 0;
  float bias = 0;
};

// Rounds to the nearest of 255 steps up to the largest magnitude.
LinearWeights quantise(std::span<const float> weights, double bias);
// The bytes of model.safetensors.
std::string to_safetensors(const LinearWeights& weights);

struct Judgement {
  std::array<float, 2> logits{};  // their difference is the score, so that softmax is the logistic function
  int64_t words = 0;
};

class LinearModel {
 public:
  // From the bytes of the two files, whoever made them: every number is checked. The weights are copied.
  static Result<LinearModel> create(std::string_view config_json, std::span<const std::byte> safetensors,
                                    const std::string& source);

  [[nodiscard]] const LinearConfig& config() const { return config_; }
  [[nodiscard]] int64_t parameters() const { return static_cast<int64_t>(weights_.weight.size()) + 2; }
  // Any bytes; what is not UTF-8 is dropped, an empty text is judged by the bias.
  [[nodiscard]] Judgement judge(std::string_view text) const;

 private:
  LinearModel(LinearConfig config, LinearWeights weights) : config_(std::move(config)), weights_(std::move(weights)) {}
  LinearConfig config_;
  LinearWeights weights_;
};

}  // namespace coppice::linear
