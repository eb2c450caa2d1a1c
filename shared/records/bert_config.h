// config.json of a BERT classifier, with the fields and names of Hugging Face's BertConfig, and what follows from its
// shapes: parameter counts and encoder FLOPs.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::records {

// Width of one encoder layer. Structured pruning may leave layers of different widths (`coppice_layers`).
struct LayerShape {
  int64_t num_attention_heads = 0;
  int64_t intermediate_size = 0;
  bool operator==(const LayerShape&) const = default;
};

struct BertConfig {
  int64_t vocab_size = 30522;
  int64_t hidden_size = 384;
  // Heads and feed-forward width before any structured pruning: hidden_size / num_attention_heads is the size of one
  // head, and stays so when heads are removed.
  int64_t num_attention_heads = 12;
  int64_t intermediate_size = 1536;
  int64_t max_position_embeddings = 512;
  int64_t type_vocab_size = 2;
  double layer_norm_eps = 1e-12;
  double initializer_range = 0.02;
  double hidden_dropout_prob = 0.1;
  double attention_probs_dropout_prob = 0.1;
  double classifier_dropout = 0.1;  // as Hugging Face: hidden_dropout_prob where config.json has null
  int64_t pad_token_id = 0;
  // One entry per layer; its length is num_hidden_layers.
  std::vector<LayerShape> layers = std::vector<LayerShape>(6, LayerShape{12, 1536});
  // Index = class. Two labels: the models here are binary classifiers.
  std::array<std::string, 2> labels = {"negative", "positive"};

  [[nodiscard]] int64_t num_hidden_layers() const { return static_cast<int64_t>(layers.size()); }
  [[nodiscard]] int64_t head_size() const { return hidden_size / num_attention_heads; }
  // Width of query, key and value in one layer.
  [[nodiscard]] int64_t attention_size(const LayerShape& layer) const {
    return layer.num_attention_heads * head_size();
  }
  [[nodiscard]] bool has_uneven_layers() const;
};

// Parses config.json. Refused with the reason: another model_type than "bert", an activation other than exact GELU,
// relative positions, sizes that are not positive, absurdly large or do not divide, other than two labels.
Result<BertConfig> parse_bert_config(std::string_view config_json, const std::string& source);

// The config.json of a Hugging Face BertForSequenceClassification; `coppice_layers` only when layers are uneven.
OrderedJson to_json(const BertConfig& config);

struct ParameterCount {
  int64_t total = 0;    // everything, classifier included
  int64_t encoder = 0;  // the six weight matrices of each layer: what pruning counts against
};
ParameterCount count_parameters(const BertConfig& config, bool with_pooler);

// Floating-point operations of the encoder for one review of `tokens` tokens: 2 per multiply-add, matrix products only
// (projections, scores, context, feed-forward), no padding. Per layer with A = attention_size, H = hidden_size,
// I = intermediate_size: 2T(4HA + 2HI) + 4T^2 A.
int64_t encoder_flops(const BertConfig& config, int64_t tokens);

}  // namespace coppice::records
