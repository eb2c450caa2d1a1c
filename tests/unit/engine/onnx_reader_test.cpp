// The ONNX reader on messages put together byte by byte; tests/unit/export reads files that the protobuf library wrote.
#include "shared/engine/onnx_reader.h"

#include <gtest/gtest.h>

namespace coppice::engine {
namespace {

std::span<const std::byte> onnx_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7F) | 0x80);
  return bytes + static_cast<char>(value);
}
std::string number(uint32_t field, uint64_t value) { return varint(field << 3) + varint(value); }
std::string block(uint32_t field, const std::string& bytes) {
  return varint(field << 3 | 2) + varint(bytes.size()) + bytes;
}

std::string tensor(const std::string& name, const std::vector<uint64_t>& dims, uint64_t type, const std::string& raw) {
  std::string bytes;
  for (const uint64_t dimension : dims) bytes += number(1, dimension);
  return bytes + number(2, type) + block(8, name) + block(9, raw);
}
std::string model(const std::string& graph) {
  return number(1, 8) + block(2, "coppice") + block(7, graph) + block(8, number(2, 17)) +
         block(14, block(1, "key") + block(2, "value"));
}

std::string onnx_refusal(const std::string& bytes) {
  const auto file = parse_onnx(onnx_bytes(bytes), "model.onnx");
  EXPECT_FALSE(file.ok());
  return file.ok() ? "" : file.status().message();
}

TEST(OnnxReader, ReadsEveryKindOfInitialiser) {
  const std::string floats("\0\0\x80\x3f\0\0\0\xc0", 8);  // 1, -2
  const std::string packed_dims =
      block(1, varint(1) + varint(2)) + number(2, 1) + block(8, "packed") + block(4, floats);
  const std::string bytes = model(block(1, "a node, skipped") + block(5, tensor("f32", {2}, 1, floats)) +
                                  block(5, tensor("f16", {2, 2}, 10, floats)) + block(5, tensor("i64", {}, 7, floats)) +
                                  block(5, tensor("i8", {8}, 3, floats)) + block(5, tensor("u8", {8}, 2, floats)) +
                                  block(5, tensor("none", {0, 3}, 1, "")) + block(5, packed_dims));
  const auto file = parse_onnx(onnx_bytes(bytes), "model.onnx");
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->ir_version, 8);
  EXPECT_EQ(file->opset_version, 17);
  EXPECT_EQ(file->producer_name, "coppice");
  EXPECT_EQ(file->metadata.at("key"), "value");
  ASSERT_EQ(file->tensors.size(), 7U);
  EXPECT_EQ(*to_floats(file->tensors.at("f32"), ""), (std::vector<float>{1, -2}));
  EXPECT_EQ(*to_floats(file->tensors.at("packed"), ""), (std::vector<float>{1, -2}));
  EXPECT_EQ(file->tensors.at("packed").shape, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(file->tensors.at("f16").dtype, DType::kF16);
  EXPECT_EQ(file->tensors.at("i64").elements(), 1);
  EXPECT_EQ(file->tensors.at("none").elements(), 0);
}

TEST(OnnxReader, RefusesTensorsThatLie) {
  const std::string raw(8, 'x');
  const auto one = [&](const std::string& bytes) { return onnx_refusal(model(block(5, bytes))); };
  EXPECT_NE(one(tensor("w", {3}, 1, raw)).find("needs 12 bytes but holds 8"), std::string::npos);
  EXPECT_NE(one(tensor("w", {1}, 1, raw)).find("needs 4 bytes but holds 8"), std::string::npos);
  EXPECT_NE(one(tensor("w", {1ULL << 62, 1ULL << 62}, 1, raw)).find("does not fit"), std::string::npos);
  EXPECT_NE(one(tensor("w", {UINT64_MAX}, 1, raw)).find("does not fit"), std::string::npos);
  EXPECT_NE(one(tensor("w", {0, UINT64_MAX}, 1, "")).find("does not fit"), std::string::npos);
  EXPECT_NE(one(tensor("w", {8}, 8, raw)).find("data type 8"), std::string::npos);
  EXPECT_NE(one(tensor("", {2}, 1, raw)).find("has no name"), std::string::npos);
  EXPECT_NE(one(tensor("a\xB1", {2}, 1, raw)).find("name is not UTF-8"), std::string::npos);
  EXPECT_NE(one(tensor("w", {2}, 1, raw) + number(14, 1)).find("in another file"), std::string::npos);
  EXPECT_NE(one(number(1, 1) + number(2, 7) + block(8, "w") + block(7, varint(3))).find("number by number"),
            std::string::npos);
  EXPECT_NE(one(tensor("w", {2}, 1, raw) + block(4, raw)).find("both raw_data and float_data"), std::string::npos);
  EXPECT_NE(one(block(1, "\x80") + tensor("w", {2}, 1, raw)).find("end inside a number"), std::string::npos);
  EXPECT_NE(onnx_refusal(model(block(5, tensor("w", {2}, 1, raw)) + block(5, tensor("w", {2}, 1, raw)))).find("twice"),
            std::string::npos);
}

TEST(OnnxReader, RefusesBrokenWireFormat) {
  EXPECT_NE(onnx_refusal("").find("no ONNX graph"), std::string::npos);
  EXPECT_NE(onnx_refusal(number(1, 8)).find("no ONNX graph"), std::string::npos);
  EXPECT_NE(onnx_refusal(varint(7 << 3 | 2) + varint(UINT64_MAX) + "x")
                .find("claims 18446744073709551615 bytes but 1 are left"),
            std::string::npos);
  EXPECT_NE(onnx_refusal("\x08").find("unfinished number"), std::string::npos);
  EXPECT_NE(onnx_refusal("\x08" + std::string(12, '\xFF')).find("longer than 10 bytes"), std::string::npos);
  EXPECT_NE(onnx_refusal(varint(1 << 3 | 3)).find("wire type 3"), std::string::npos);
  EXPECT_NE(onnx_refusal(varint(0)).find("field number 0"), std::string::npos);
  EXPECT_NE(onnx_refusal(varint(1 << 3 | 5) + "abc").find("claims 4 bytes but 3"), std::string::npos);
  EXPECT_NE(onnx_refusal(model("\x0a\x05x")).find("graph: a field claims"), std::string::npos);
}

// Whatever the place at which a file is cut, it is refused or holds only what was there before the cut.
TEST(OnnxReader, EveryCutIsSafe) {
  const std::string bytes =
      model(block(5, tensor("a", {2}, 1, std::string(8, 'x'))) + block(5, tensor("b", {4}, 10, std::string(8, 'y'))));
  ASSERT_TRUE(parse_onnx(onnx_bytes(bytes), "model.onnx").ok());
  for (size_t length = 0; length < bytes.size(); ++length) {
    const std::string cut = bytes.substr(0, length);
    const auto file = parse_onnx(onnx_bytes(cut), "model.onnx");
    // Without the opset and the graph there is no model; after them only metadata may be missing.
    if (!file.ok()) continue;
    EXPECT_EQ(file->tensors.size(), 2U) << length;
  }
}

}  // namespace
}  // namespace coppice::engine
