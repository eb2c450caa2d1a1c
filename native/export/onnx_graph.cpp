#include "native/export/onnx_graph.h"

namespace coppice {
namespace {

void set_int(onnx::NodeProto& node, const char* name, int64_t value) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::INT);
  attribute.set_i(value);
}

void set_float(onnx::NodeProto& node, const char* name, float value) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::FLOAT);
  attribute.set_f(value);
}

// raw_data is little-endian by definition, as every machine this runs on.
template <typename T>
void set_raw(onnx::TensorProto& tensor, const T* values, size_t count) {
  tensor.set_raw_data(values, count * sizeof(T));
}

}  // namespace

onnx::ValueInfoProto OnnxGraph::value_info(const std::string& name, onnx::TensorProto::DataType type,
                                           const std::vector<Dimension>& shape) {
  onnx::ValueInfoProto info;
  info.set_name(name);
  onnx::TypeProto::Tensor& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  for (const Dimension& dimension : shape) {
    onnx::TensorShapeProto::Dimension& out = *tensor.mutable_shape()->add_dim();
    if (dimension.symbol.empty()) {
      out.set_dim_value(dimension.size);
    } else {
      out.set_dim_param(dimension.symbol);
    }
  }
  return info;
}

void OnnxGraph::add_input(const std::string& name, onnx::TensorProto::DataType type,
                          const std::vector<Dimension>& shape) {
  *graph_.add_input() = value_info(name, type, shape);
}

void OnnxGraph::add_output(const std::string& name, onnx::TensorProto::DataType type,
                           const std::vector<Dimension>& shape) {
  *graph_.add_output() = value_info(name, type, shape);
}

Value OnnxGraph::add(const std::string& op, const std::string& name, const std::vector<Value>& inputs) {
  onnx::NodeProto& node = *graph_.add_node();
  const std::string full_name = scope_.empty() ? name : scope_ + "/" + name;
  node.set_op_type(op);
  node.set_name(full_name);
  for (const Value& input : inputs) node.add_input(input);
  node.add_output(full_name);
  return full_name;
}

onnx::TensorProto& OnnxGraph::constant_tensor(const std::string& name) {
  add("Constant", name, {});
  onnx::AttributeProto& attribute = *last().add_attribute();
  attribute.set_name("value");
  attribute.set_type(onnx::AttributeProto::TENSOR);
  return *attribute.mutable_t();
}

Value OnnxGraph::constant(const std::string& name, float value) {
  onnx::TensorProto& tensor = constant_tensor(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  set_raw(tensor, &value, 1);
  return last().output(0);
}

Value OnnxGraph::constant(const std::string& name, const std::vector<int64_t>& values) {
  onnx::TensorProto& tensor = constant_tensor(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.add_dims(static_cast<int64_t>(values.size()));
  set_raw(tensor, values.data(), values.size());
  return last().output(0);
}

Value OnnxGraph::constant_index(const std::string& name, int64_t value) {
  onnx::TensorProto& tensor = constant_tensor(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  set_raw(tensor, &value, 1);
  return last().output(0);
}

Value OnnxGraph::cast(const std::string& name, const Value& x, onnx::TensorProto::DataType to) {
  const Value value = add("Cast", name, {x});
  set_int(last(), "to", to);
  return value;
}

Value OnnxGraph::transpose(const std::string& name, const Value& x, const std::vector<int64_t>& permutation) {
  const Value value = add("Transpose", name, {x});
  onnx::AttributeProto& attribute = *last().add_attribute();
  attribute.set_name("perm");
  attribute.set_type(onnx::AttributeProto::INTS);
  for (const int64_t axis : permutation) attribute.add_ints(axis);
  return value;
}

Value OnnxGraph::gather(const std::string& name, const Value& table, const Value& indices, int64_t axis) {
  const Value value = add("Gather", name, {table, indices});
  set_int(last(), "axis", axis);
  return value;
}

Value OnnxGraph::layer_norm(const std::string& name, const Value& x, const Value& weight, const Value& bias,
                            float epsilon) {
  const Value value = add("LayerNormalization", name, {x, weight, bias});
  set_int(last(), "axis", -1);
  set_float(last(), "epsilon", epsilon);
  return value;
}

Value OnnxGraph::softmax(const std::string& name, const Value& x) {
  const Value value = add("Softmax", name, {x});
  set_int(last(), "axis", -1);
  return value;
}

OnnxGraph::Quantized OnnxGraph::dynamic_quantize(const std::string& name, const Value& x) {
  Quantized quantized{add("DynamicQuantizeLinear", name, {x}), {}, {}};
  quantized.scale = quantized.values + "/scale";
  quantized.zero_point = quantized.values + "/zero_point";
  last().add_output(quantized.scale);
  last().add_output(quantized.zero_point);
  return quantized;
}

Value OnnxGraph::dequantize_columns(const std::string& name, const Value& x, const Value& scales) {
  const Value value = add("DequantizeLinear", name, {x, scales});
  set_int(last(), "axis", 1);
  return value;
}

Value OnnxGraph::gemm_transposed(const std::string& name, const Value& x, const Value& w, const Value& b) {
  const Value value = add("Gemm", name, {x, w, b});
  set_int(last(), "transB", 1);
  return value;
}

}  // namespace coppice
