#include "native/model/bert.h"

#include <torch/torch.h>

#include <algorithm>
#include <numeric>

#include "native/model/int8_activations.h"

namespace coppice::model {
namespace {

// What a product takes.
struct ProductInput {
  at::Tensor values;
  at::Tensor scales;  // of rounded activations (RoundedActivations), which `values` then are the steps of

  [[nodiscard]] ProductInput rows(const at::Tensor& indices) const {
    const bool one = !scales.defined() || scales.size(0) == 1;
    return {values.index_select(0, indices), one ? scales : scales.index_select(0, indices)};
  }
};

at::Tensor rounded_product(const ProductInput& input, const Linear& layer) {
  if (!layer.integers.defined()) return at::linear(input.values * input.scales, layer.weight, layer.bias);
  // In the order of the file's operators.
  return at::linear(input.values, layer.integers).mul_(input.scales * layer.row_scales.t()).add_(layer.bias);
}

}  // namespace

// Numbers the dropout sites of one forward pass in the order they are reached, and knows its precision.
class BertClassifier::Pass {
 public:
  Pass(const TrainingPass* training, const BertClassifier& model)
      : training_(training),
        int8_activations_(model.int8_activations_ && training == nullptr),
        scales_(model.activation_scales_) {}
  Pass(const BertClassifier& model, const ActivationObserver& observer)
      : scales_(model.activation_scales_), observer_(&observer) {}
  Pass(const BertClassifier& model, const ProductObserver& products, size_t first_matrix)
      : scales_(model.activation_scales_), products_(&products), matrix_(first_matrix) {}
  // Each product's input is wanted by itself.
  [[nodiscard]] bool separate_inputs() const {
    return int8_activations_ || observer_ != nullptr || products_ != nullptr;
  }
  Dropout next_dropout(double probability) {
    if (training_ == nullptr || probability <= 0) return {};
    return {probability, dropout_key(training_->seed, training_->step, training_->micro_batch, ++site_)};
  }
  // To the type of the matrix products' inputs. No copy in float32.
  [[nodiscard]] at::Tensor lowered(const at::Tensor& t) const {
    const bool low = training_ != nullptr && training_->precision == MatmulPrecision::kBFloat16;
    return low ? t.to(at::kBFloat16) : t;
  }

  // What the next product takes, of reviews with these rows. To be called once an input, in the order of
  // engine::product_inputs.
  [[nodiscard]] ProductInput product_input(const at::Tensor& t, const std::vector<int64_t>& offsets) {
    const size_t input = input_++;
    if (observer_ != nullptr) (*observer_)(input, t);
    if (!int8_activations_) return {lowered(t), {}};
    const RoundedActivations rounded = scales_.empty() ? round_steps(t, offsets) : round_steps(t, scales_[input]);
    return {rounded.steps, rounded.scales};
  }

  // To be called once an encoder matrix, in their order.
  void show_product(const at::Tensor& input, const at::Tensor& output) {
    if (products_ != nullptr) (*products_)(matrix_++, input, output);
  }

 private:
  const TrainingPass* training_ = nullptr;
  bool int8_activations_ = false;
  const std::vector<engine::ActivationScale>& scales_;
  const ActivationObserver* observer_ = nullptr;
  const ProductObserver* products_ = nullptr;
  size_t matrix_ = 0;
  size_t input_ = 0;
  uint64_t site_ = 0;
};

BertClassifier::BertClassifier(records::BertConfig config, uint64_t seed)
    : config_(std::move(config)), layers_(config_.layers.size()) {
  const at::Generator generator = at::detail::createCPUGenerator(seed);
  visit([&](const std::string& name, at::Tensor& tensor, const std::vector<int64_t>& shape) {
    const bool is_norm = name.find("LayerNorm") != std::string::npos;
    const bool is_bias = name.ends_with(".bias");
    if (is_bias) {
      tensor = at::zeros(shape);
    } else if (is_norm) {
      tensor = at::ones(shape);
    } else {
      tensor = at::empty(shape).normal_(0.0, config_.initializer_range, generator);
    }
  });
}

void BertClassifier::set_dropout(double probability) {
  config_.hidden_dropout_prob = probability;
  config_.attention_probs_dropout_prob = probability;
  config_.classifier_dropout = probability;
}

void BertClassifier::keep_tokens(const std::vector<int32_t>& ids, int64_t pad_token_id) {
  const at::NoGradGuard no_grad;
  const std::vector<int64_t> rows(ids.begin(), ids.end());
  word_embeddings_ = word_embeddings_.index_select(0, at::tensor(rows, at::kLong)).contiguous();
  config_.vocab_size = static_cast<int64_t>(ids.size());
  config_.pad_token_id = pad_token_id;
}

void BertClassifier::visit(const ParameterVisitor& visitor) {
  const int64_t h = config_.hidden_size;
  const auto linear = [&](const std::string& name, Linear& layer, int64_t out, int64_t in) {
    visitor(name + ".weight", layer.weight, {out, in});
    visitor(name + ".bias", layer.bias, {out});
  };
  const auto norm = [&](const std::string& name, LayerNorm& layer) {
    visitor(name + ".weight", layer.weight, {h});
    visitor(name + ".bias", layer.bias, {h});
  };
  visitor("bert.embeddings.word_embeddings.weight", word_embeddings_, {config_.vocab_size, h});
  visitor("bert.embeddings.position_embeddings.weight", position_embeddings_, {config_.max_position_embeddings, h});
  visitor("bert.embeddings.token_type_embeddings.weight", token_type_embeddings_, {config_.type_vocab_size, h});
  norm("bert.embeddings.LayerNorm", embedding_norm_);
  for (size_t i = 0; i < layers_.size(); ++i) {
    EncoderLayer& layer = layers_[i];
    const int64_t a = config_.attention_size(config_.layers[i]);
    const int64_t width = config_.layers[i].intermediate_size;
    const std::string prefix = "bert.encoder.layer." + std::to_string(i);
    linear(prefix + ".attention.self.query", layer.query, a, h);
    linear(prefix + ".attention.self.key", layer.key, a, h);
    linear(prefix + ".attention.self.value", layer.value, a, h);
    linear(prefix + ".attention.output.dense", layer.attention_output, h, a);
    norm(prefix + ".attention.output.LayerNorm", layer.attention_norm);
    linear(prefix + ".intermediate.dense", layer.intermediate, width, h);
    linear(prefix + ".output.dense", layer.output, h, width);
    norm(prefix + ".output.LayerNorm", layer.output_norm);
  }
  linear("bert.pooler.dense", pooler_, h, h);
  linear("classifier", classifier_, 2, h);
}

void BertClassifier::visit_products(const std::function<void(const std::string& weight_name, Linear& layer)>& visitor) {
  for (size_t i = 0; i < layers_.size(); ++i) {
    EncoderLayer& layer = layers_[i];
    const std::string prefix = "bert.encoder.layer." + std::to_string(i);
    visitor(prefix + ".attention.self.query.weight", layer.query);
    visitor(prefix + ".attention.self.key.weight", layer.key);
    visitor(prefix + ".attention.self.value.weight", layer.value);
    visitor(prefix + ".attention.output.dense.weight", layer.attention_output);
    visitor(prefix + ".intermediate.dense.weight", layer.intermediate);
    visitor(prefix + ".output.dense.weight", layer.output);
  }
  visitor("bert.pooler.dense.weight", pooler_);
}

void BertClassifier::round_activations_to_int8(std::vector<engine::ActivationScale> scales,
                                               const RowScales& row_scales) {
  const at::NoGradGuard no_grad;
  int8_activations_ = true;
  activation_scales_ = std::move(scales);
  visit_products([&](const std::string& name, Linear& layer) {
    const auto found = row_scales.find(name);
    if (found == row_scales.end()) return;
    layer.row_scales = found->second;
    layer.integers = at::round(layer.weight / found->second);
  });
}

at::Tensor BertClassifier::normalise(const at::Tensor& x, const LayerNorm& norm) const {
  return at::layer_norm(x, {config_.hidden_size}, norm.weight, norm.bias, config_.layer_norm_eps);
}

at::Tensor BertClassifier::embed(const PackedBatch& batch, Pass& pass) {
  // Single texts only: every token is of type 0.
  at::Tensor x = at::embedding(word_embeddings_, batch.input_ids) +
                 at::embedding(position_embeddings_, batch.position_ids) + token_type_embeddings_.select(0, 0);
  return dropout(normalise(x, embedding_norm_), pass.next_dropout(config_.hidden_dropout_prob));
}

at::Tensor BertClassifier::encode(const EncoderLayer& layer, int64_t num_heads, const at::Tensor& x,
                                  const std::vector<int64_t>& offsets, bool cls_only, Pass& pass) {
  const auto lowered = [&](const at::Tensor& t) { return pass.lowered(t); };
  const ProductInput keys_input = pass.product_input(x, offsets);
  at::Tensor queries = x;
  ProductInput queries_input = keys_input;
  std::vector<int64_t> query_offsets = offsets;
  if (cls_only) {
    const at::Tensor first = at::tensor(std::vector<int64_t>(offsets.begin(), offsets.end() - 1), at::kLong);
    queries = x.index_select(0, first);
    queries_input = pass.separate_inputs() ? keys_input.rows(first) : ProductInput{lowered(queries), {}};
    std::iota(query_offsets.begin(), query_offsets.end(), 0);
  }
  const auto linear = [&](const ProductInput& input, const Linear& l) {
    if (input.scales.defined()) return rounded_product(input, l);
    at::Tensor output = at::linear(input.values, lowered(l.weight), lowered(l.bias));
    pass.show_product(input.values, output);
    return output;
  };
  const at::Tensor q = linear(queries_input, layer.query);
  const at::Tensor k = linear(keys_input, layer.key);
  const at::Tensor v = linear(keys_input, layer.value);
  const at::Tensor context = packed_attention(q, k, v, query_offsets, offsets, num_heads,
                                              pass.next_dropout(config_.attention_probs_dropout_prob));
  const at::Tensor attention =
      linear(pass.separate_inputs() ? pass.product_input(context, query_offsets) : ProductInput{context, {}},
             layer.attention_output)
          .to(at::kFloat);
  const at::Tensor mid =
      normalise(dropout_add(attention, queries, pass.next_dropout(config_.hidden_dropout_prob)), layer.attention_norm);
  at::Tensor out;
  if (pass.separate_inputs()) {
    const at::Tensor wide = at::gelu(linear(pass.product_input(mid, query_offsets), layer.intermediate));
    out = linear(pass.product_input(wide, query_offsets), layer.output);
  } else {
    out = feed_forward(lowered(mid), lowered(layer.intermediate.weight), lowered(layer.intermediate.bias),
                       lowered(layer.output.weight), lowered(layer.output.bias))
              .to(at::kFloat);
  }
  return normalise(dropout_add(out, mid, pass.next_dropout(config_.hidden_dropout_prob)), layer.output_norm);
}

at::Tensor BertClassifier::pooler_output(const at::Tensor& cls_rows) {
  return at::tanh(at::linear(cls_rows, pooler_.weight, pooler_.bias));
}

ForwardOutput BertClassifier::forward_keeping(const PackedBatch& batch, const TrainingPass* training, bool keep_inner) {
  Pass pass(training, *this);
  return run(batch, pass, keep_inner);
}

void BertClassifier::observe_activations(const PackedBatch& batch, const ActivationObserver& look) {
  Pass pass(*this, look);
  run(batch, pass, /*keep_inner=*/false);
}

at::Tensor BertClassifier::observe_products(const PackedBatch& batch, const ProductObserver& look) {
  Pass pass(*this, look, /*first_matrix=*/0);
  return run(batch, pass, /*keep_inner=*/false).logits;
}

at::Tensor BertClassifier::observe_layer(size_t layer, const at::Tensor& states, const std::vector<int64_t>& offsets,
                                         const ProductObserver& look) {
  constexpr size_t kMatricesPerLayer = 6;
  Pass pass(*this, look, layer * kMatricesPerLayer);
  return encode(layers_[layer], config_.layers[layer].num_attention_heads, states, offsets,
                /*cls_only=*/layer + 1 == layers_.size(), pass);
}

ForwardOutput BertClassifier::run(const PackedBatch& batch, Pass& pass, bool keep_inner) {
  at::Tensor x = embed(batch, pass);
  std::vector<at::Tensor> inner;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const bool last = i + 1 == layers_.size();
    x = encode(layers_[i], config_.layers[i].num_attention_heads, x, batch.offsets, last, pass);
    if (keep_inner && !last) inner.push_back(x);
  }
  std::vector<int64_t> rows(batch.offsets.size());  // x has one a review
  std::iota(rows.begin(), rows.end(), 0);
  const ProductInput pooler_input = pass.separate_inputs() ? pass.product_input(x, rows) : ProductInput{x, {}};
  const at::Tensor pooler = pooler_input.scales.defined() ? at::tanh(rounded_product(pooler_input, pooler_))
                                                          : pooler_output(pooler_input.values);
  const at::Tensor pooled = dropout(pooler, pass.next_dropout(config_.classifier_dropout));
  return {at::linear(pooled, classifier_.weight, classifier_.bias), x, std::move(inner)};
}

std::vector<at::Tensor> BertClassifier::hidden_states(const PackedBatch& batch, size_t most_layers) {
  Pass pass(nullptr, *this);
  std::vector<at::Tensor> states = {embed(batch, pass)};
  for (size_t i = 0; i < std::min(layers_.size(), most_layers); ++i) {
    states.push_back(
        encode(layers_[i], config_.layers[i].num_attention_heads, states.back(), batch.offsets, false, pass));
  }
  return states;
}

}  // namespace coppice::model
