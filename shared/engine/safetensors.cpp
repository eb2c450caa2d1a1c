#include "shared/engine/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "shared/base/half.h"
#include "shared/base/json.h"

namespace coppice::engine {
namespace {

struct DTypeRow {
  DType dtype;
  std::string_view name;
  size_t size;
};
constexpr std::array<DTypeRow, 10> kDTypes = {{{DType::kF64, "F64", 8},
                                               {DType::kF32, "F32", 4},
                                               {DType::kF16, "F16", 2},
                                               {DType::kBF16, "BF16", 2},
                                               {DType::kI64, "I64", 8},
                                               {DType::kI32, "I32", 4},
                                               {DType::kI16, "I16", 2},
                                               {DType::kI8, "I8", 1},
                                               {DType::kU8, "U8", 1},
                                               {DType::kBool, "BOOL", 1}}};

// The reference implementation's own limit on the header.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;

struct Extent {
  uint64_t begin;
  uint64_t end;
  std::string name;
};

Result<TensorView> parse_entry(const Json& entry, const std::string& where, std::span<const std::byte> data,
                               Extent& extent) {
  JsonReader reader(entry, where);
  const std::string dtype_name = reader.string("dtype");
  TensorView view;
  view.shape = reader.integers("shape");
  const std::vector<int64_t> offsets = reader.integers("data_offsets");
  if (!reader.status().ok()) return reader.status();

  const auto* row =
      std::find_if(kDTypes.begin(), kDTypes.end(), [&](const DTypeRow& r) { return r.name == dtype_name; });
  if (row == kDTypes.end()) return unsupported(where + ": dtype \"" + dtype_name + "\" is not one of those supported");
  view.dtype = row->dtype;

  uint64_t expected = row->size;
  for (const int64_t dimension : view.shape) {
    if (dimension < 0) return invalid_input(where + ": negative dimension in shape " + shape_text(view.shape));
    const auto factor = static_cast<uint64_t>(dimension);
    if (factor != 0 && expected > UINT64_MAX / 2 / factor) {
      return invalid_input(where + ": shape " + shape_text(view.shape) + " is too large");
    }
    expected *= factor;
  }
  if (offsets.size() != 2 || offsets[0] < 0 || offsets[1] < offsets[0]) {
    return invalid_input(where + ": data_offsets must be two ascending numbers");
  }
  extent.begin = static_cast<uint64_t>(offsets[0]);
  extent.end = static_cast<uint64_t>(offsets[1]);
  if (extent.end > data.size()) {
    return invalid_input(where + ": data_offsets end at byte " + std::to_string(extent.end) + " but the file holds " +
                         std::to_string(data.size()) + " data bytes; the file is cut short or altered");
  }
  if (extent.end - extent.begin != expected) {
    return invalid_input(where + ": shape " + shape_text(view.shape) + " of " + dtype_name + " needs " +
                         std::to_string(expected) + " bytes but data_offsets span " +
                         std::to_string(extent.end - extent.begin));
  }
  view.bytes = data.subspan(extent.begin, extent.end - extent.begin);
  return view;
}

Status check_no_gap_or_overlap(std::vector<Extent> extents, uint64_t data_size, const std::string& source) {
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  uint64_t position = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != position) {
      return invalid_input(source + ": tensor " + extent.name + " starts at byte " + std::to_string(extent.begin) +
                           (extent.begin < position ? ", inside the tensor before it" : ", after a gap") +
                           "; expected " + std::to_string(position));
    }
    position = extent.end;
  }
  if (position != data_size) {
    return invalid_input(source + ": the tensors end at byte " + std::to_string(position) + " but the file holds " +
                         std::to_string(data_size) + " data bytes");
  }
  return {};
}

template <typename Element, typename Convert>
std::vector<float> convert(std::span<const std::byte> bytes, Convert to_float) {
  std::vector<float> values(bytes.size() / sizeof(Element));
  for (size_t i = 0; i < values.size(); ++i) {
    Element element;
    std::memcpy(&element, bytes.data() + i * sizeof(Element), sizeof(Element));
    values[i] = to_float(element);
  }
  return values;
}

Result<std::vector<float>> int8_to_floats(const TensorView& tensor, const std::string& name) {
  const std::vector<float> scales = convert<float>(tensor.row_scales, [](float x) { return x; });
  if (tensor.shape.empty() || scales.empty() || scales.size() != static_cast<size_t>(tensor.shape[0])) {
    return unsupported("tensor " + name + " is int8 " + shape_text(tensor.shape) + " with " +
                       std::to_string(scales.size()) + " scales; expected a float32 tensor " + name +
                       "_scale beside it with one scale for each row");
  }
  std::vector<float> values = convert<int8_t>(tensor.bytes, [](int8_t x) { return static_cast<float>(x); });
  const size_t columns = values.size() / scales.size();
  for (size_t i = 0; i < values.size(); ++i) values[i] *= scales[i / columns];
  return values;
}

}  // namespace

size_t size_of(DType dtype) {
  return std::find_if(kDTypes.begin(), kDTypes.end(), [&](const DTypeRow& r) { return r.dtype == dtype; })->size;
}

std::string_view name_of(DType dtype) {
  return std::find_if(kDTypes.begin(), kDTypes.end(), [&](const DTypeRow& r) { return r.dtype == dtype; })->name;
}

int64_t TensorView::elements() const { return static_cast<int64_t>(bytes.size() / size_of(dtype)); }

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + ")";
}

Result<SafetensorsFile> parse_safetensors(std::span<const std::byte> bytes, const std::string& source) {
  if (bytes.size() < 8) {
    return invalid_input(source + ": " + std::to_string(bytes.size()) +
                         " bytes, too short for a safetensors file (8 bytes of header length come first)");
  }
  uint64_t header_length = 0;
  for (int i = 7; i >= 0; --i)
    header_length = header_length << 8 | static_cast<uint64_t>(bytes[static_cast<size_t>(i)]);
  if (header_length > kMaxHeaderBytes || header_length > bytes.size() - 8) {
    return invalid_input(source + ": the header claims " + std::to_string(header_length) +
                         " bytes but the file holds " + std::to_string(bytes.size() - 8) +
                         " after it; cut short, or no safetensors file");
  }
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + 8, header_length);
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(header, source + ": header"));
  if (!document.is_object()) return invalid_input(source + ": header: expected an object of tensors");

  const std::span<const std::byte> data = bytes.subspan(8 + header_length);
  SafetensorsFile file;
  std::vector<Extent> extents;
  for (const auto& [name, entry] : document.items()) {
    if (name == "__metadata__") {
      if (!entry.is_object()) return invalid_input(source + ": __metadata__: expected an object of strings");
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) return invalid_input(source + ": __metadata__: " + key + ": expected a string");
        file.metadata[key] = value.get<std::string>();
      }
      continue;
    }
    Extent extent{0, 0, name};
    COPPICE_ASSIGN_OR_RETURN(file.tensors[name], parse_entry(entry, source + ": tensor " + name, data, extent));
    extents.push_back(std::move(extent));
  }
  COPPICE_RETURN_IF_ERROR(check_no_gap_or_overlap(std::move(extents), data.size(), source));
  return file;
}

Result<std::vector<float>> to_floats(const TensorView& tensor, const std::string& name) {
  if (tensor.dtype == DType::kI8) return int8_to_floats(tensor, name);
  switch (tensor.dtype) {
    case DType::kF32:
      return convert<float>(tensor.bytes, [](float x) { return x; });
    case DType::kF64:
      return convert<double>(tensor.bytes, [](double x) { return static_cast<float>(x); });
    case DType::kF16:
      return convert<uint16_t>(tensor.bytes, half_to_float);
    case DType::kBF16:
      return convert<uint16_t>(tensor.bytes, bfloat16_to_float);
    default:
      return unsupported("tensor " + name + " is " + std::string(name_of(tensor.dtype)) +
                         "; expected a floating-point type (F32, F16, BF16 or F64)");
  }
}

std::string safetensors_header(const std::vector<std::pair<std::string, TensorView>>& tensors,
                               const std::map<std::string, std::string>& metadata) {
  OrderedJson document = OrderedJson::object();
  if (!metadata.empty()) document["__metadata__"] = metadata;
  uint64_t position = 0;
  for (const auto& [name, view] : tensors) {
    document[name] = {{"dtype", name_of(view.dtype)},
                      {"shape", view.shape},
                      {"data_offsets", {position, position + view.bytes.size()}}};
    position += view.bytes.size();
  }
  std::string header = dump_json(document);
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(header.size() >> (8 * i) & 0xFF);
  return bytes + header;
}

}  // namespace coppice::engine
