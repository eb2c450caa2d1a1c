// The initialisers of an ONNX file, read without the protobuf library so that the browser's core and the small programs
// can load folders that hold only the ONNX file. Wire format: https://protobuf.dev/programming-guides/encoding/ ;
// message fields: onnx.proto (ModelProto.graph = 7, GraphProto.initializer = 5, TensorProto.dims = 1, data_type = 2,
// float_data = 4, int32_data = 5, int64_data = 7, name = 8, raw_data = 9, data_location = 14).
//
// Every length is checked against the bytes that are there. Tensors must hold their data as raw_data or packed
// float_data (what exporters write for weights); external data and varint-coded data are refused with the reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "shared/base/status.h"
#include "shared/engine/safetensors.h"

namespace coppice::engine {

struct OnnxFile {
  std::map<std::string, TensorView> tensors;    // initialisers by name, views into the bytes given
  std::map<std::string, std::string> metadata;  // metadata_props
  int64_t ir_version = 0;
  int64_t opset_version = 0;  // of the default domain
  std::string producer_name;
};

// Views into `bytes`, which must outlive the result. Nodes are skipped.
Result<OnnxFile> parse_onnx(std::span<const std::byte> bytes, const std::string& source);

}  // namespace coppice::engine
