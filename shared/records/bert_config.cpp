#include "shared/records/bert_config.h"

namespace coppice::records {
namespace {

// Larger than any BERT; small enough that products of three stay far inside 64 bits.
constexpr int64_t kMaxVocabulary = 4'000'000;
constexpr int64_t kMaxSize = 65'536;
constexpr int64_t kMaxLayers = 512;

int64_t size_member(JsonReader& reader, const char* key, int64_t limit) {
  const int64_t value = reader.integer(key);
  if (reader.status().ok() && (value < 1 || value > limit)) {
    reader.fail(key, "is " + std::to_string(value) + "; expected 1 to " + std::to_string(limit));
  }
  return value;
}

double probability_member(JsonReader& reader, const char* key, double fallback) {
  const double value = reader.number_or(key, fallback);
  if (!(value >= 0.0 && value < 1.0)) reader.fail(key, "expected a probability in [0, 1)");
  return value;
}

void read_labels(JsonReader& reader, BertConfig& config) {
  if (!reader.has("id2label")) return;
  const Json& id2label = reader.at("id2label");
  if (!id2label.is_object() || id2label.size() != 2 || !id2label.contains("0") || !id2label.contains("1") ||
      !id2label["0"].is_string() || !id2label["1"].is_string()) {
    reader.fail("id2label", "expected two labels, \"0\" and \"1\"; only binary classifiers are supported");
    return;
  }
  config.labels = {id2label["0"].get<std::string>(), id2label["1"].get<std::string>()};
}

void read_uneven_layers(const std::string& source, JsonReader& reader, BertConfig& config) {
  const Json& entries = reader.at("coppice_layers");
  if (!entries.is_array() || entries.size() != config.layers.size()) {
    reader.fail("coppice_layers",
                "expected an array with one entry for each of the " + std::to_string(config.layers.size()) + " layers");
    return;
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    JsonReader layer(entries[i], source + ": coppice_layers[" + std::to_string(i) + "]");
    config.layers[i].num_attention_heads = size_member(layer, "num_attention_heads", config.num_attention_heads);
    config.layers[i].intermediate_size = size_member(layer, "intermediate_size", kMaxSize);
    if (!layer.status().ok()) {
      reader.fail("coppice_layers", layer.status().message());
      return;
    }
  }
}

}  // namespace

bool BertConfig::has_uneven_layers() const {
  for (const LayerShape& layer : layers) {
    if (layer != LayerShape{num_attention_heads, intermediate_size}) return true;
  }
  return false;
}

Result<BertConfig> parse_bert_config(std::string_view config_json, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(config_json, source));
  JsonReader reader(document, source);
  if (!reader.status().ok()) return reader.status();

  const std::string model_type = reader.string_or("model_type", "bert");
  if (model_type != "bert") {
    return unsupported(source + ": model_type is \"" + model_type + "\"; only \"bert\" models are supported");
  }
  const std::string activation = reader.string_or("hidden_act", "gelu");
  if (activation != "gelu") {
    return unsupported(source + ": hidden_act is \"" + activation +
                       "\"; only \"gelu\" (the exact one, by erf) is supported");
  }
  const std::string position = reader.string_or("position_embedding_type", "absolute");
  if (position != "absolute") {
    return unsupported(source + ": position_embedding_type is \"" + position + "\"; only \"absolute\" is supported");
  }

  BertConfig config;
  config.vocab_size = size_member(reader, "vocab_size", kMaxVocabulary);
  config.hidden_size = size_member(reader, "hidden_size", kMaxSize);
  config.num_attention_heads = size_member(reader, "num_attention_heads", kMaxSize);
  config.intermediate_size = size_member(reader, "intermediate_size", kMaxSize);
  const int64_t num_hidden_layers = size_member(reader, "num_hidden_layers", kMaxLayers);
  config.max_position_embeddings = size_member(reader, "max_position_embeddings", kMaxSize);
  config.type_vocab_size = size_member(reader, "type_vocab_size", kMaxSize);
  if (!reader.status().ok()) return reader.status();

  if (config.hidden_size % config.num_attention_heads != 0) {
    return invalid_input(source + ": hidden_size is " + std::to_string(config.hidden_size) +
                         " but num_attention_heads is " + std::to_string(config.num_attention_heads) +
                         "; the first must be a multiple of the second");
  }
  config.layer_norm_eps = reader.number_or("layer_norm_eps", config.layer_norm_eps);
  if (!(config.layer_norm_eps > 0.0 && config.layer_norm_eps < 1.0)) {
    reader.fail("layer_norm_eps", "expected a small positive number");
  }
  config.initializer_range = reader.number_or("initializer_range", config.initializer_range);
  config.hidden_dropout_prob = probability_member(reader, "hidden_dropout_prob", config.hidden_dropout_prob);
  config.attention_probs_dropout_prob =
      probability_member(reader, "attention_probs_dropout_prob", config.attention_probs_dropout_prob);
  config.classifier_dropout = probability_member(reader, "classifier_dropout", config.hidden_dropout_prob);
  config.pad_token_id = reader.integer_or("pad_token_id", 0);
  if (config.pad_token_id < 0 || config.pad_token_id >= config.vocab_size) {
    reader.fail("pad_token_id", "outside the vocabulary");
  }
  config.layers.assign(static_cast<size_t>(num_hidden_layers),
                       LayerShape{config.num_attention_heads, config.intermediate_size});
  read_labels(reader, config);
  if (reader.has("coppice_layers")) read_uneven_layers(source, reader, config);
  if (!reader.status().ok()) return reader.status();
  return config;
}

OrderedJson to_json(const BertConfig& config) {
  OrderedJson json;
  json["architectures"] = {"BertForSequenceClassification"};
  json["model_type"] = "bert";
  json["vocab_size"] = config.vocab_size;
  json["hidden_size"] = config.hidden_size;
  json["num_hidden_layers"] = config.num_hidden_layers();
  json["num_attention_heads"] = config.num_attention_heads;
  json["intermediate_size"] = config.intermediate_size;
  json["hidden_act"] = "gelu";
  json["hidden_dropout_prob"] = config.hidden_dropout_prob;
  json["attention_probs_dropout_prob"] = config.attention_probs_dropout_prob;
  json["classifier_dropout"] = config.classifier_dropout;
  json["max_position_embeddings"] = config.max_position_embeddings;
  json["type_vocab_size"] = config.type_vocab_size;
  json["initializer_range"] = config.initializer_range;
  json["layer_norm_eps"] = config.layer_norm_eps;
  json["pad_token_id"] = config.pad_token_id;
  json["position_embedding_type"] = "absolute";
  json["problem_type"] = "single_label_classification";
  json["id2label"] = {{"0", config.labels[0]}, {"1", config.labels[1]}};
  json["label2id"] = {{config.labels[0], 0}, {config.labels[1], 1}};
  if (config.has_uneven_layers()) {
    for (const LayerShape& layer : config.layers) {
      json["coppice_layers"].push_back(
          {{"num_attention_heads", layer.num_attention_heads}, {"intermediate_size", layer.intermediate_size}});
    }
  }
  return json;
}

ParameterCount count_parameters(const BertConfig& config, bool with_pooler) {
  const int64_t h = config.hidden_size;
  ParameterCount count;
  count.total = (config.vocab_size + config.max_position_embeddings + config.type_vocab_size) * h + 2 * h;
  for (const LayerShape& layer : config.layers) {
    const int64_t a = config.attention_size(layer);
    const int64_t i = layer.intermediate_size;
    const int64_t matrices = 4 * h * a + 2 * h * i;
    count.encoder += matrices;
    count.total += matrices + 3 * a + h + i + h + 4 * h;  // biases of q, k, v, output, FFN in and out; two LayerNorms
  }
  if (with_pooler) count.total += h * h + h;
  count.total += 2 * h + 2;
  return count;
}

int64_t encoder_flops(const BertConfig& config, int64_t tokens) {
  int64_t flops = 0;
  for (const LayerShape& layer : config.layers) {
    const int64_t a = config.attention_size(layer);
    flops += 2 * tokens * (4 * config.hidden_size * a + 2 * config.hidden_size * layer.intermediate_size);
    flops += 4 * tokens * tokens * a;
  }
  return flops;
}

}  // namespace coppice::records
