// Writes ONNX nodes as C++ calls: each method adds one node and returns the name of its output, so that a network reads
// from top to bottom like its formula. Only native/export includes this; the ONNX library stays out of other headers.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace coppice {

// Name of a value in the graph.
using Value = std::string;

class OnnxGraph {
 public:
  // Does not own `graph`.
  explicit OnnxGraph(onnx::GraphProto& graph) : graph_(graph) {}

  // Prefix of the node and value names that follow ("layer.0/attention").
  void set_scope(std::string scope) { scope_ = std::move(scope); }

  // An input or output of the graph; symbolic dimensions by name, others by number.
  struct Dimension {
    std::string symbol;
    int64_t size = 0;
  };
  void add_input(const std::string& name, onnx::TensorProto::DataType type, const std::vector<Dimension>& shape);
  void add_output(const std::string& name, onnx::TensorProto::DataType type, const std::vector<Dimension>& shape);

  // Constant nodes; the initialisers are the checkpoint's tensors and nothing else.
  Value constant(const std::string& name, float value);                         // a scalar
  Value constant(const std::string& name, const std::vector<int64_t>& values);  // 1-D
  Value constant_index(const std::string& name, int64_t value);                 // a scalar

  // Any operator. Attributes are added to the node returned by `last`.
  Value add(const std::string& op, const std::string& name, const std::vector<Value>& inputs);
  onnx::NodeProto& last() { return *graph_.mutable_node(graph_.node_size() - 1); }

  Value cast(const std::string& name, const Value& x, onnx::TensorProto::DataType to);
  Value transpose(const std::string& name, const Value& x, const std::vector<int64_t>& permutation);
  Value gather(const std::string& name, const Value& table, const Value& indices, int64_t axis);
  Value layer_norm(const std::string& name, const Value& x, const Value& weight, const Value& bias, float epsilon);
  Value softmax(const std::string& name, const Value& x);                                          // over the last axis
  Value gemm_transposed(const std::string& name, const Value& x, const Value& w, const Value& b);  // x w^T + b, 2-D

  // x = (values - zero_point) * scale with values in 0..255; scale and zero point are scalars found from x's range.
  struct Quantized {
    Value values;
    Value scale;
    Value zero_point;
  };
  // (rows, columns) int8 with a scale for each column, as float32.
  Value dequantize_columns(const std::string& name, const Value& x, const Value& scales);
  Quantized dynamic_quantize(const std::string& name, const Value& x);

 private:
  onnx::ValueInfoProto value_info(const std::string& name, onnx::TensorProto::DataType type,
                                  const std::vector<Dimension>& shape);
  onnx::TensorProto& constant_tensor(const std::string& name);

  onnx::GraphProto& graph_;
  std::string scope_;
};

}  // namespace coppice
