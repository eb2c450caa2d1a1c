#include "shared/engine/onnx_reader.h"

#include <optional>
#include <string_view>

#include "shared/text/utf8.h"

namespace coppice::engine {
namespace {

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

struct Field {
  uint32_t number = 0;
  WireType type = WireType::kVarint;
  uint64_t varint = 0;               // of kVarint
  std::span<const std::byte> bytes;  // of the other types
};

// Walks the fields of one message. After an error `next` gives nothing and `status` says why.
class MessageReader {
 public:
  MessageReader(std::span<const std::byte> bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {}

  [[nodiscard]] const Status& status() const { return status_; }

  std::optional<Field> next() {
    if (position_ == bytes_.size() || !status_.ok()) return std::nullopt;
    uint64_t key = 0;
    if (!read_varint(key)) return std::nullopt;
    Field field;
    field.number = static_cast<uint32_t>(key >> 3);
    if (key >> 3 == 0 || key >> 3 > 0x1FFFFFFF) return fail("field number " + std::to_string(key >> 3));
    switch (key & 7) {
      case 0:
        if (!read_varint(field.varint)) return std::nullopt;
        return field;
      case 1:
        field.type = WireType::kFixed64;
        return take(field, 8);
      case 2: {
        field.type = WireType::kLengthDelimited;
        uint64_t length = 0;
        if (!read_varint(length)) return std::nullopt;
        return take(field, length);
      }
      case 5:
        field.type = WireType::kFixed32;
        return take(field, 4);
      default:  // groups (3, 4) are not in onnx.proto
        return fail("wire type " + std::to_string(key & 7));
    }
  }

 private:
  std::optional<Field> fail(const std::string& what) {
    status_ = invalid_input(where_ + ": " + what + " at byte " + std::to_string(position_) +
                            "; the file is cut short, altered or no ONNX file");
    return std::nullopt;
  }

  std::optional<Field> take(Field& field, uint64_t length) {
    if (length > bytes_.size() - position_) {
      return fail("a field claims " + std::to_string(length) + " bytes but " +
                  std::to_string(bytes_.size() - position_) + " are left");
    }
    field.bytes = bytes_.subspan(position_, length);
    position_ += length;
    return field;
  }

  bool read_varint(uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (position_ == bytes_.size()) {
        fail("an unfinished number");
        return false;
      }
      const auto byte = static_cast<uint64_t>(bytes_[position_++]);
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    fail("a number longer than 10 bytes");
    return false;
  }

  std::span<const std::byte> bytes_;
  std::string where_;
  size_t position_ = 0;
  Status status_;
};

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<DType> dtype_of(uint64_t onnx_type, const std::string& where) {
  switch (onnx_type) {  // TensorProto.DataType
    case 1:
      return DType::kF32;
    case 2:
      return DType::kU8;
    case 3:
      return DType::kI8;
    case 5:
      return DType::kI16;
    case 6:
      return DType::kI32;
    case 7:
      return DType::kI64;
    case 9:
      return DType::kBool;
    case 10:
      return DType::kF16;
    case 11:
      return DType::kF64;
    case 16:
      return DType::kBF16;
    default:
      return unsupported(where + ": ONNX data type " + std::to_string(onnx_type) + " is not one of those supported");
  }
}

// dims come one varint a field (proto2) or packed (proto3).
Status read_dims(const Field& field, const std::string& where, std::vector<int64_t>& shape) {
  if (field.type == WireType::kVarint) {
    shape.push_back(static_cast<int64_t>(field.varint));
    return {};
  }
  if (field.type != WireType::kLengthDelimited) return invalid_input(where + ": dims of another type");
  // A packed list of varints has the form of a message whose bytes are all payload, so read it by hand.
  uint64_t value = 0;
  int shift = 0;
  for (const std::byte b : field.bytes) {
    const auto byte = static_cast<uint64_t>(b);
    if (shift > 63) return invalid_input(where + ": dims hold a number longer than 10 bytes");
    value |= (byte & 0x7F) << shift;
    shift += 7;
    if (byte < 0x80) {
      shape.push_back(static_cast<int64_t>(value));
      value = 0;
      shift = 0;
    }
  }
  return shift == 0 ? Status() : invalid_input(where + ": dims end inside a number");
}

struct NamedTensor {
  std::string name;
  TensorView view;
};

Result<NamedTensor> parse_tensor(std::span<const std::byte> bytes, const std::string& source) {
  // The name decides what an error is about, and may come last; so it is looked for first.
  std::string where = source + ": initialiser";
  NamedTensor tensor;
  for (MessageReader reader(bytes, where); auto field = reader.next();) {
    if (field->number == 8 && field->type == WireType::kLengthDelimited) tensor.name = text_of(field->bytes);
  }
  if (tensor.name.empty()) return invalid_input(where + ": has no name");
  if (text::find_invalid_utf8(tensor.name) != std::string_view::npos) {
    return invalid_input(where + ": its name is not UTF-8; the file is altered or no ONNX file");
  }
  where += " " + tensor.name;

  MessageReader reader(bytes, where);
  uint64_t data_type = 0;
  uint64_t location = 0;
  bool varint_data = false;
  std::optional<std::span<const std::byte>> raw_data;
  std::optional<std::span<const std::byte>> float_data;
  while (auto field = reader.next()) {
    if (field->number == 1) COPPICE_RETURN_IF_ERROR(read_dims(*field, where, tensor.view.shape));
    if (field->number == 2 && field->type == WireType::kVarint) data_type = field->varint;
    if (field->number == 4 && field->type == WireType::kLengthDelimited) float_data = field->bytes;
    if (field->number == 4 && field->type == WireType::kFixed32) varint_data = true;  // unpacked: not one span
    if (field->number == 5 || field->number == 7 || field->number == 10 || field->number == 11) varint_data = true;
    if (field->number == 9 && field->type == WireType::kLengthDelimited) raw_data = field->bytes;
    if (field->number == 14 && field->type == WireType::kVarint) location = field->varint;
  }
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (location != 0) {
    return unsupported(where + ": its data lie in another file; export the model with its data inside");
  }
  if (varint_data) return unsupported(where + ": data stored number by number; expected raw_data");
  COPPICE_ASSIGN_OR_RETURN(tensor.view.dtype, dtype_of(data_type, where));
  if (float_data && (raw_data || tensor.view.dtype != DType::kF32)) {
    return invalid_input(where + ": holds both raw_data and float_data, or float_data of another type");
  }
  tensor.view.bytes = raw_data.value_or(float_data.value_or(std::span<const std::byte>()));

  uint64_t expected = size_of(tensor.view.dtype);
  for (const int64_t dimension : tensor.view.shape) {
    if (dimension < 0 || (dimension > 0 && expected > bytes.size() / static_cast<uint64_t>(dimension))) {
      return invalid_input(where + ": shape " + shape_text(tensor.view.shape) + " does not fit the " +
                           std::to_string(tensor.view.bytes.size()) + " bytes that are there");
    }
    expected *= static_cast<uint64_t>(dimension);
  }
  if (expected != tensor.view.bytes.size()) {
    return invalid_input(where + ": shape " + shape_text(tensor.view.shape) + " of " +
                         std::string(name_of(tensor.view.dtype)) + " needs " + std::to_string(expected) +
                         " bytes but holds " + std::to_string(tensor.view.bytes.size()));
  }
  return tensor;
}

Status parse_graph(std::span<const std::byte> bytes, const std::string& source, OnnxFile& file) {
  MessageReader reader(bytes, source + ": graph");
  while (auto field = reader.next()) {
    if (field->number != 5) continue;
    if (field->type != WireType::kLengthDelimited)
      return invalid_input(source + ": graph: initialiser of another type");
    COPPICE_ASSIGN_OR_RETURN(NamedTensor tensor, parse_tensor(field->bytes, source));
    if (!file.tensors.emplace(tensor.name, std::move(tensor.view)).second) {
      return invalid_input(source + ": initialiser " + tensor.name + " is there twice");
    }
  }
  return reader.status();
}

Status parse_opset(std::span<const std::byte> bytes, const std::string& source, OnnxFile& file) {
  MessageReader reader(bytes, source + ": opset_import");
  std::string domain;
  int64_t version = 0;
  while (auto field = reader.next()) {
    if (field->number == 1 && field->type == WireType::kLengthDelimited) domain = text_of(field->bytes);
    if (field->number == 2 && field->type == WireType::kVarint) version = static_cast<int64_t>(field->varint);
  }
  if (domain.empty() || domain == "ai.onnx") file.opset_version = version;
  return reader.status();
}

Status parse_metadata(std::span<const std::byte> bytes, const std::string& source, OnnxFile& file) {
  MessageReader reader(bytes, source + ": metadata_props");
  std::string key;
  std::string value;
  while (auto field = reader.next()) {
    if (field->type != WireType::kLengthDelimited) continue;
    if (field->number == 1) key = text_of(field->bytes);
    if (field->number == 2) value = text_of(field->bytes);
  }
  file.metadata[key] = value;
  return reader.status();
}

}  // namespace

Result<OnnxFile> parse_onnx(std::span<const std::byte> bytes, const std::string& source) {
  OnnxFile file;
  MessageReader reader(bytes, source);
  bool has_graph = false;
  while (auto field = reader.next()) {
    if (field->number == 1 && field->type == WireType::kVarint) file.ir_version = static_cast<int64_t>(field->varint);
    if (field->type != WireType::kLengthDelimited) continue;
    if (field->number == 2) file.producer_name = text_of(field->bytes);
    if (field->number == 7) {
      has_graph = true;
      COPPICE_RETURN_IF_ERROR(parse_graph(field->bytes, source, file));
    }
    if (field->number == 8) COPPICE_RETURN_IF_ERROR(parse_opset(field->bytes, source, file));
    if (field->number == 14) COPPICE_RETURN_IF_ERROR(parse_metadata(field->bytes, source, file));
  }
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (!has_graph || file.opset_version == 0) {
    return invalid_input(source + ": holds no ONNX graph with an opset; the file is cut short or of another kind");
  }
  return file;
}

}  // namespace coppice::engine
