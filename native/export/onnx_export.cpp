#include "native/export/onnx_export.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include <cmath>
#include <exception>

#include "native/export/onnx_graph.h"
#include "native/io/file.h"
#include "shared/base/half.h"
#include "shared/engine/int8_rows.h"

namespace coppice {
namespace {

using onnx::TensorProto;
using records::BertConfig;
using records::LayerShape;

constexpr int64_t kIrVersion = 8;
constexpr int64_t kOpset = 17;
constexpr size_t kProtobufLimit = size_t{1} << 31;

// exp(-10000) is 0 in float32, so a masked token has no weight; this is also the value ONNX Runtime's fusion knows.
constexpr float kMaskedScore = -10000.0F;

// Fills `tensor` with the values in the form that is stored.
Status fill_initializer(const engine::ExpectedTensor& expected, const std::vector<float>& values, OnnxWeights form,
                        TensorProto& tensor) {
  tensor.set_name(expected.name);
  for (const int64_t dimension : expected.shape) tensor.add_dims(dimension);
  for (const float value : values) {
    if (!std::isfinite(value)) {
      return invalid_input("tensor " + expected.name + " holds a value that is not finite; the training diverged. " +
                           "Export an earlier checkpoint.");
    }
  }
  if (form == OnnxWeights::kFloat32) {
    tensor.set_data_type(TensorProto::FLOAT);
    tensor.set_raw_data(values.data(), values.size() * sizeof(float));
    return {};
  }
  tensor.set_data_type(TensorProto::FLOAT16);
  std::string& raw = *tensor.mutable_raw_data();
  raw.resize(values.size() * 2);
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t half = float_to_half(values[i]);
    if ((half & 0x7C00U) == 0x7C00U) {
      return invalid_input("tensor " + expected.name + " holds " + std::to_string(values[i]) +
                           ", which float16 cannot; export with --weights fp32");
    }
    raw[2 * i] = static_cast<char>(half & 0xFFU);
    raw[2 * i + 1] = static_cast<char>(half >> 8);
  }
  return {};
}

// Largest integer of a matrix. 255 * 64 + 255 * 64 fits 16 bits, so that no engine clips a sum of two products
// (onnx_export.h, kInt8). Word embeddings are in no integer product and use the whole range.
constexpr int kMatrixLimit = 64;

// NAME as int8 and NAME_scale as float32.
Status add_int8_initializers(const engine::ExpectedTensor& expected, const std::vector<float>& values,
                             onnx::GraphProto& graph) {
  const bool words = expected.name.find("word_embeddings") != std::string::npos;
  COPPICE_ASSIGN_OR_RETURN(
      const engine::Int8Rows rows,
      engine::quantize_rows(values, expected.shape[0], expected.name, words ? engine::kInt8Limit : kMatrixLimit));
  TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(expected.name);
  tensor.set_data_type(TensorProto::INT8);
  for (const int64_t dimension : expected.shape) tensor.add_dims(dimension);
  tensor.set_raw_data(rows.values.data(), rows.values.size());
  TensorProto& scales = *graph.add_initializer();
  scales.set_name(expected.name + std::string(engine::kScaleSuffix));
  scales.set_data_type(TensorProto::FLOAT);
  scales.add_dims(expected.shape[0]);
  scales.set_raw_data(rows.scales.data(), rows.scales.size() * sizeof(float));
  return {};
}

// The network, in the order of its formula. Comments: B batch, T tokens, H hidden_size, A attention_size, N heads.
class BertGraph {
 public:
  // `inputs`: names of the products' inputs where their scales are static.
  BertGraph(const BertConfig& config, OnnxWeights form, std::vector<std::string> inputs, onnx::GraphProto& graph)
      : config_(config), form_(form), inputs_(std::move(inputs)), graph_(graph) {}

  void build() {
    graph_.add_input("input_ids", TensorProto::INT64, {{"batch"}, {"sequence"}});
    graph_.add_input("attention_mask", TensorProto::INT64, {{"batch"}, {"sequence"}});
    Value x = embeddings();
    const Value mask = additive_mask();
    for (size_t i = 0; i < config_.layers.size(); ++i) {
      const bool last = i + 1 == config_.layers.size();
      x = encoder_layer(i, x, mask, /*cls_only=*/last && form_ == OnnxWeights::kInt8);
    }
    classifier(x);
    graph_.add_output("logits", TensorProto::FLOAT, {{"batch"}, {"", 2}});
  }

 private:
  // A checkpoint tensor as float32.
  Value weight(const std::string& name) {
    if (form_ == OnnxWeights::kFloat32) return name;
    graph_.set_scope("");
    const Value value = graph_.cast(name + "/float32", name, TensorProto::FLOAT);
    graph_.set_scope(scope_);
    return value;
  }

  void set_scope(const std::string& scope) {
    scope_ = scope;
    graph_.set_scope(scope);
  }

  // What a product takes: in the int8 form also x rounded to 8 bits, once for all that share it.
  struct Input {
    Value x;
    OnnxGraph::Quantized quantized;
  };
  Input product_input(const std::string& node, const Value& x) {
    if (form_ != OnnxWeights::kInt8) return {x, {}};
    if (!inputs_.empty()) {
      const std::string& name = inputs_[next_input_++];
      const OnnxGraph::Quantized quantized{{}, name + std::string(engine::kScaleSuffix), name + "_zero_point"};
      const Value values = graph_.add("QuantizeLinear", node, {x, quantized.scale, quantized.zero_point});
      return {x, {values, quantized.scale, quantized.zero_point}};
    }
    return {x, graph_.dynamic_quantize(node, x)};
  }

  // The [CLS] row of (B, T, ...) as (B, 1, ...).
  Value cls_row(const std::string& node, const Value& x) {
    return graph_.gather(node, x, graph_.constant(node + "/index", std::vector<int64_t>{0}), 1);
  }

  // x W^T + b over the last axis; W is (out, in).
  Value linear(const std::string& node, const std::string& name, const Input& input) {
    const Value& x = input.x;
    if (form_ == OnnxWeights::kInt8) {
      const Value w = graph_.transpose(node + "/transposed", name + ".weight", {1, 0});
      if (!inputs_.empty()) {
        const OnnxGraph::Quantized& q = input.quantized;
        const Value dequantized = graph_.add("DequantizeLinear", node + "/input", {q.values, q.scale, q.zero_point});
        const Value weights =
            graph_.dequantize_columns(node + "/weight", w, name + ".weight" + std::string(engine::kScaleSuffix));
        const Value product = graph_.add("MatMul", node + "/matmul", {dequantized, weights});
        return graph_.add("Add", node + "/add", {product, weight(name + ".bias")});
      }
      const Value sums =
          graph_.add("MatMulInteger", node + "/matmul", {input.quantized.values, w, input.quantized.zero_point});
      const Value numbers = graph_.cast(node + "/float32", sums, TensorProto::FLOAT);
      const Value scales = graph_.add("Mul", node + "/scales",
                                      {input.quantized.scale, name + ".weight" + std::string(engine::kScaleSuffix)});
      const Value product = graph_.add("Mul", node + "/scaled", {numbers, scales});
      return graph_.add("Add", node + "/add", {product, weight(name + ".bias")});
    }
    const Value w = graph_.transpose(node + "/transposed", weight(name + ".weight"), {1, 0});
    const Value product = graph_.add("MatMul", node + "/matmul", {x, w});
    return graph_.add("Add", node + "/add", {product, weight(name + ".bias")});
  }

  Value layer_norm(const std::string& node, const std::string& name, const Value& x) {
    const Value w = weight(name + ".weight");
    const Value b = weight(name + ".bias");
    return graph_.layer_norm(node, x, w, b, static_cast<float>(config_.layer_norm_eps));
  }

  Value embeddings() {
    set_scope("embeddings");
    const std::string name = "bert.embeddings.";
    // Rows are gathered before they are cast: ONNX Runtime would keep a float32 copy of the whole table otherwise.
    Value words = graph_.gather("words", name + "word_embeddings.weight", "input_ids", 0);
    if (form_ != OnnxWeights::kFloat32) words = graph_.cast("words/float32", words, TensorProto::FLOAT);
    if (form_ == OnnxWeights::kInt8) {
      const Value scale =
          graph_.gather("words/scale", name + "word_embeddings.weight" + std::string(engine::kScaleSuffix), "input_ids",
                        0);  // (B, T)
      const Value column =
          graph_.add("Unsqueeze", "words/scale_column",
                     {scale, graph_.constant("words/last_axis", std::vector<int64_t>{2})});  // (B, T, 1)
      words = graph_.add("Mul", "words/scaled", {words, column});
    }
    // Position and token type rows do not depend on the input: ONNX Runtime adds the tables once, when it loads.
    const Value type = graph_.gather("token_type_0", weight(name + "token_type_embeddings.weight"),
                                     graph_.constant_index("zero", 0), 0);
    const Value table = graph_.add("Add", "position_table", {weight(name + "position_embeddings.weight"), type});
    const Value shape = graph_.add("Shape", "shape", {"input_ids"});
    const Value length = graph_.gather("length", shape, graph_.constant("one", std::vector<int64_t>{1}), 0);  // (1)
    const Value positions = graph_.add("Slice", "positions",
                                       {table, graph_.constant("start", std::vector<int64_t>{0}), length,
                                        graph_.constant("axis", std::vector<int64_t>{0})});  // (T, H)
    const Value sum = graph_.add("Add", "sum", {words, positions});
    return layer_norm("layer_norm", name + "LayerNorm", sum);
  }

  // (B, 1, 1, T): 0 for a token, kMaskedScore for padding.
  Value additive_mask() {
    set_scope("mask");
    const Value once =
        graph_.add("Unsqueeze", "unsqueeze_1", {"attention_mask", graph_.constant("axis_1", std::vector<int64_t>{1})});
    const Value twice =
        graph_.add("Unsqueeze", "unsqueeze_2", {once, graph_.constant("axis_2", std::vector<int64_t>{2})});
    const Value ones = graph_.cast("float32", twice, TensorProto::FLOAT);
    const Value padding = graph_.add("Sub", "padding", {graph_.constant("one", 1.0F), ones});
    return graph_.add("Mul", "additive", {padding, graph_.constant("masked_score", kMaskedScore)});
  }

  // softmax(q k^T / sqrt(head size) + mask) v over N heads, then the output projection. With `cls_only` for the first
  // row of each review alone.
  Value attention(const std::string& name, const LayerShape& layer, const Value& x, const Value& mask, bool cls_only) {
    const Value split = graph_.constant("split_heads", {0, 0, layer.num_attention_heads, config_.head_size()});
    const Input all = product_input("quantized", x);
    Input asking = all;
    if (cls_only) asking.quantized.values = cls_row("quantized/cls", all.quantized.values);
    const auto heads = [&](const std::string& node, const Input& input, const std::vector<int64_t>& permutation) {
      const Value projected = linear(node, name + "self." + node, input);                   // (B, T, A)
      const Value reshaped = graph_.add("Reshape", node + "/reshape", {projected, split});  // (B, T, N, A/N)
      return graph_.transpose(node + "/heads", reshaped, permutation);
    };
    const Value query = heads("query", asking, {0, 2, 1, 3});
    const Value key = heads("key", all, {0, 2, 3, 1});
    const Value value = heads("value", all, {0, 2, 1, 3});
    const Value product = graph_.add("MatMul", "scores", {query, key});  // (B, N, T, T)
    const auto root = static_cast<float>(std::sqrt(static_cast<double>(config_.head_size())));
    const Value scaled = graph_.add("Div", "scaled", {product, graph_.constant("root", root)});
    const Value masked = graph_.add("Add", "masked", {scaled, mask});
    const Value context = graph_.add("MatMul", "context", {graph_.softmax("probabilities", masked), value});
    const Value joined = graph_.transpose("joined", context, {0, 2, 1, 3});
    const Value merge = graph_.constant("merge_heads", {0, 0, config_.attention_size(layer)});
    const Value merged = graph_.add("Reshape", "merged", {joined, merge});
    return linear("output", name + "output.dense", product_input("output/quantized", merged));
  }

  // x Phi(x) = x (1 + erf(x / sqrt 2)) / 2
  Value gelu(const Value& x) {
    const Value scaled = graph_.add("Div", "gelu/scaled", {x, graph_.constant("gelu/root", std::sqrt(2.0F))});
    const Value erf = graph_.add("Erf", "gelu/erf", {scaled});
    const Value shifted = graph_.add("Add", "gelu/shifted", {erf, graph_.constant("gelu/one", 1.0F)});
    const Value doubled = graph_.add("Mul", "gelu/doubled", {x, shifted});
    return graph_.add("Mul", "gelu", {doubled, graph_.constant("gelu/half", 0.5F)});
  }

  // `cls_only` (int8 alone): (B, 1, H), the row that the classifier reads.
  Value encoder_layer(size_t index, const Value& x, const Value& mask, bool cls_only) {
    const std::string name = "bert.encoder.layer." + std::to_string(index) + ".";
    const std::string scope = "layer." + std::to_string(index);
    set_scope(scope + "/attention");
    const Value attended = attention(name + "attention.", config_.layers[index], x, mask, cls_only);
    const Value residual = graph_.add("Add", "residual", {attended, cls_only ? cls_row("cls", x) : x});
    const Value middle = layer_norm("layer_norm", name + "attention.output.LayerNorm", residual);
    set_scope(scope + "/feed_forward");
    const Value wide = gelu(linear("intermediate", name + "intermediate.dense", product_input("quantized", middle)));
    const Value narrow = linear("output", name + "output.dense", product_input("output/quantized", wide));
    const Value sum = graph_.add("Add", "residual", {narrow, middle});
    return layer_norm("layer_norm", name + "output.LayerNorm", sum);
  }

  void classifier(const Value& x) {
    set_scope("head");
    const Value first = graph_.gather("cls", x, graph_.constant_index("zero", 0), 1);  // (B, H)
    const auto dense = [&](const std::string& node, const std::string& name, const Value& input) {
      const Value w = weight(name + ".weight");
      const Value b = weight(name + ".bias");
      return graph_.gemm_transposed(node, input, w, b);
    };
    const Value before_tanh = form_ == OnnxWeights::kInt8
                                  ? linear("pooler", "bert.pooler.dense", product_input("pooler/quantized", first))
                                  : dense("pooler", "bert.pooler.dense", first);
    const Value pooled = graph_.add("Tanh", "pooled", {before_tanh});
    set_scope("");  // the output's name is part of the contract
    dense("logits", "classifier", pooled);
  }

  const BertConfig& config_;
  OnnxWeights form_;
  std::vector<std::string> inputs_;
  size_t next_input_ = 0;
  OnnxGraph graph_;
  std::string scope_;
};

void add_metadata(onnx::ModelProto& model, const std::string& key, const std::string& value) {
  onnx::StringStringEntryProto& entry = *model.add_metadata_props();
  entry.set_key(key);
  entry.set_value(value);
}

Status add_initializers(const BertConfig& config, const engine::TensorMap& weights, OnnxWeights form,
                        onnx::GraphProto& graph) {
  for (const engine::ExpectedTensor& expected : engine::expected_tensors(config)) {
    const auto it = weights.find(expected.name);
    if (it == weights.end()) return invalid_input("tensor " + expected.name + " is missing");
    if (it->second.shape != expected.shape) {
      return invalid_input("tensor " + expected.name + " is " + engine::shape_text(it->second.shape) + ", expected " +
                           engine::shape_text(expected.shape));
    }
    COPPICE_ASSIGN_OR_RETURN(const std::vector<float> values, engine::to_floats(it->second, expected.name));
    if (form == OnnxWeights::kInt8 && engine::is_stored_as_int8(expected)) {
      COPPICE_RETURN_IF_ERROR(add_int8_initializers(expected, values, graph));
      continue;
    }
    COPPICE_RETURN_IF_ERROR(fill_initializer(expected, values, form, *graph.add_initializer()));
  }
  return {};
}

// NAME_scale and NAME_zero_point, scalars.
Status add_activation_scales(const std::vector<std::string>& inputs, const std::vector<engine::ActivationScale>& scales,
                             onnx::GraphProto& graph) {
  if (scales.size() != inputs.size()) {
    return invalid_usage(std::to_string(scales.size()) + " static scales were given; the network has " +
                         std::to_string(inputs.size()) + " inputs of products");
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!std::isfinite(scales[i].scale) || scales[i].scale <= 0) {
      return invalid_input("the static scale of " + inputs[i] + " is " + std::to_string(scales[i].scale) +
                           "; expected a finite number above 0");
    }
    TensorProto& scale = *graph.add_initializer();
    scale.set_name(inputs[i] + std::string(engine::kScaleSuffix));
    scale.set_data_type(TensorProto::FLOAT);
    scale.set_raw_data(&scales[i].scale, sizeof(float));
    TensorProto& zero_point = *graph.add_initializer();
    zero_point.set_name(inputs[i] + "_zero_point");
    zero_point.set_data_type(TensorProto::UINT8);
    zero_point.set_raw_data(&scales[i].zero_point, 1);
  }
  return {};
}

// ONNX reports by exceptions; they end here.
Status check_model(onnx::ModelProto& model) {
  try {
    onnx::checker::check_model(model);
    constexpr bool kCheckTypes = true;
    constexpr int kStrict = 1;
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                       onnx::ShapeInferenceOptions(kCheckTypes, kStrict, /*data_prop=*/false));
  } catch (const std::exception& error) {
    return failed(std::string("the ONNX checker refuses the exported graph: ") + error.what());
  }
  model.mutable_graph()->clear_value_info();  // inferred shapes are no part of the file
  return {};
}

}  // namespace

std::string_view name_of(OnnxWeights weights) {
  switch (weights) {
    case OnnxWeights::kFloat32:
      return "fp32";
    case OnnxWeights::kFloat16:
      return "fp16";
    case OnnxWeights::kInt8:
      return "int8";
  }
  return "";
}

Result<std::string> onnx_bytes(const BertConfig& config, const engine::TensorMap& weights,
                               const OnnxExportOptions& options) {
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name("coppice");
  model.set_producer_version(options.producer_version);
  model.add_opset_import()->set_version(kOpset);
  model.mutable_graph()->set_name("bert_for_sequence_classification");
  COPPICE_RETURN_IF_ERROR(add_initializers(config, weights, options.weights, *model.mutable_graph()));
  std::vector<std::string> inputs;
  if (!options.activation_scales.empty()) {
    if (options.weights != OnnxWeights::kInt8) return invalid_usage("static scales go with int8 weights only");
    inputs = engine::product_inputs(config);
    COPPICE_RETURN_IF_ERROR(add_activation_scales(inputs, options.activation_scales, *model.mutable_graph()));
    add_metadata(model, "coppice.activations", "static");
  }
  BertGraph(config, options.weights, std::move(inputs), *model.mutable_graph()).build();
  add_metadata(model, "coppice.weights", std::string(name_of(options.weights)));
  add_metadata(model, "coppice.labels", config.labels[0] + "," + config.labels[1]);

  const size_t size = model.ByteSizeLong();
  if (size >= kProtobufLimit) {
    return unsupported("the model takes " + std::to_string(size) +
                       " bytes; an ONNX file with its weights inside holds at most 2 GiB. Export with --weights fp16.");
  }
  COPPICE_RETURN_IF_ERROR(check_model(model));

  std::string bytes;
  bytes.reserve(size);
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    if (!model.SerializeToCodedStream(&coded)) return failed("the ONNX model cannot be serialised");
  }
  return bytes;
}

Status export_onnx(const BertConfig& config, const engine::TensorMap& weights, const OnnxExportOptions& options,
                   const std::filesystem::path& path) {
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, onnx_bytes(config, weights, options));
  return write_file_atomically(path, bytes);
}

}  // namespace coppice
