// BERT for sequence classification (Devlin et al. 2019) in libtorch: the architecture and parameter names of Hugging
// Face's BertForSequenceClassification, on packed batches (packed_batch.h).
//
// Reading order: the parameters, their one table of names (bert.cpp, visit), then forward().
// Shapes: N tokens, B reviews, H hidden_size, A = heads x head size of a layer, I = its intermediate_size.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "native/model/ops.h"
#include "native/model/packed_batch.h"
#include "shared/engine/activation_scales.h"
#include "shared/records/bert_config.h"

namespace coppice::model {

struct Linear {
  at::Tensor weight;  // (out, in)
  at::Tensor bias;    // (out)
  // Of a model that computes as an int8 file does (round_activations_to_int8): weight = row_scales * integers. Else
  // undefined.
  at::Tensor integers = {};    // (out, in), float32
  at::Tensor row_scales = {};  // (out, 1)
};
// Of weights that came as int8: the scales (out, 1) of their rows, by parameter name.
using RowScales = std::map<std::string, at::Tensor>;

struct LayerNorm {
  at::Tensor weight;  // (H)
  at::Tensor bias;    // (H)
};

struct EncoderLayer {
  Linear query, key, value;  // (A, H)
  Linear attention_output;   // (H, A)
  LayerNorm attention_norm;
  Linear intermediate;  // (I, H)
  Linear output;        // (H, I)
  LayerNorm output_norm;
};

// Called with the Hugging Face name, the tensor and the shape that the configuration gives it.
using ParameterVisitor =
    std::function<void(const std::string& name, at::Tensor& tensor, const std::vector<int64_t>& shape)>;

// What the encoder's matrix products are computed in. kBFloat16 is mixed precision (Micikevicius et al. 2018, with
// bfloat16 as in Kalamkar et al. 2019, arXiv 1905.12322, which needs no loss scaling): weights, their gradients, the
// residual stream, LayerNorm, softmax, loss and optimiser stay float32; products take bfloat16 inputs and sum in
// float32.
enum class MatmulPrecision { kFloat32, kBFloat16 };

// A forward pass of training: where dropout draws from, and the precision. Evaluation has neither and is float32.
struct TrainingPass {
  uint64_t seed = 0;
  uint64_t step = 0;
  uint64_t micro_batch = 0;
  MatmulPrecision precision = MatmulPrecision::kFloat32;
};

struct ForwardOutput {
  at::Tensor logits;  // (B, 2)
  at::Tensor cls;     // (B, H): the [CLS] rows after the last encoder layer
  // After each layer but the last, (N, H), where they were asked for.
  std::vector<at::Tensor> inner;
};

// Called with the number of a product's input (engine::product_inputs) and its values (rows, columns).
using ActivationObserver = std::function<void(size_t input, const at::Tensor& values)>;

// Called with the number of an encoder matrix (engine::encoder_matrices: six a layer), its product's input (rows, in)
// and its output (rows, out), which has a gradient where the pass has one.
using ProductObserver = std::function<void(size_t matrix, const at::Tensor& input, const at::Tensor& output)>;

class BertClassifier {
 public:
  // Parameters are float32, on the CPU, drawn from N(0, initializer_range) with biases 0 and LayerNorm 1, by `seed`.
  BertClassifier(records::BertConfig config, uint64_t seed);

  [[nodiscard]] const records::BertConfig& config() const { return config_; }

  // Every parameter once, in the order of the Hugging Face module.
  void visit(const ParameterVisitor& visitor);
  // The encoder's and the pooler's Linear layers, by the names of their weights.
  void visit_products(const std::function<void(const std::string& weight_name, Linear& layer)>& visitor);

  // Logits (B, 2). With `training` dropout is on. In the last layer only the [CLS] row goes through query, attention
  // output and feed-forward, since nothing else reaches the classifier: the same logits for five sixths of the work.
  at::Tensor forward(const PackedBatch& batch, const TrainingPass* training = nullptr) {
    return forward_with_cls(batch, training).logits;
  }
  // The same, with what the classifier saw: for distillation.
  ForwardOutput forward_with_cls(const PackedBatch& batch, const TrainingPass* training = nullptr) {
    return forward_keeping(batch, training, /*keep_inner=*/false);
  }
  // The same, with the states after each layer but the last.
  ForwardOutput forward_with_inner(const PackedBatch& batch, const TrainingPass* training = nullptr) {
    return forward_keeping(batch, training, /*keep_inner=*/true);
  }

  // Without dropout: embedding output, then each layer's output, each (N, H); of the first `most_layers` only.
  std::vector<at::Tensor> hidden_states(const PackedBatch& batch, size_t most_layers = SIZE_MAX);

  // tanh(dense(x)) of the [CLS] rows (B, H).
  at::Tensor pooler_output(const at::Tensor& cls_rows);

  // The same probability at every site.
  void set_dropout(double probability);

  // From here on passes without `training` round what goes into the encoder's and the pooler's products to 8 bits, as
  // the int8 ONNX file does (int8_activations.h), and those products are of integers where row_scales has the weights'
  // scales. scales: those that the file has for activations, in the order of engine::product_inputs; empty: found at
  // each run.
  void round_activations_to_int8(std::vector<engine::ActivationScale> scales = {}, const RowScales& row_scales = {});
  // A pass in float32 without dropout that shows what goes into each product.
  void observe_activations(const PackedBatch& batch, const ActivationObserver& look);
  // Such a pass that shows each product of the encoder; logits (B, 2). In the last layer query, attention output and
  // feed-forward have the [CLS] rows only.
  at::Tensor observe_products(const PackedBatch& batch, const ProductObserver& look);
  // The same of one layer, from the states (N, H) before it to those after it: (N, H), of the last layer (B, H).
  at::Tensor observe_layer(size_t layer, const at::Tensor& states, const std::vector<int64_t>& offsets,
                           const ProductObserver& look);

  // Structured pruning replaces layers by narrower ones and sets the widths that go with them.
  std::vector<EncoderLayer>& layers() { return layers_; }
  // Only the rows of these ids stay, in their order: the vocabulary becomes so large. `pad_token_id` is the new one.
  void keep_tokens(const std::vector<int32_t>& ids, int64_t pad_token_id);
  void set_layer_shapes(std::vector<records::LayerShape> shapes) { config_.layers = std::move(shapes); }

 private:
  class Pass;
  ForwardOutput forward_keeping(const PackedBatch& batch, const TrainingPass* training, bool keep_inner);
  ForwardOutput run(const PackedBatch& batch, Pass& pass, bool keep_inner);
  at::Tensor embed(const PackedBatch& batch, Pass& pass);
  at::Tensor encode(const EncoderLayer& layer, int64_t num_heads, const at::Tensor& x,
                    const std::vector<int64_t>& offsets, bool cls_only, Pass& pass);
  at::Tensor normalise(const at::Tensor& x, const LayerNorm& norm) const;

  records::BertConfig config_;
  bool int8_activations_ = false;
  std::vector<engine::ActivationScale> activation_scales_;  // empty: found at each run
  at::Tensor word_embeddings_;                              // (vocab_size, H)
  at::Tensor position_embeddings_;                          // (max_position_embeddings, H)
  at::Tensor token_type_embeddings_;                        // (type_vocab_size, H)
  LayerNorm embedding_norm_;
  std::vector<EncoderLayer> layers_;
  Linear pooler_;      // (H, H)
  Linear classifier_;  // (2, H)
};

}  // namespace coppice::model
