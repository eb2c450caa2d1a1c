#include "shared/engine/safetensors.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace coppice::engine {
namespace {

std::span<const std::byte> as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

// A file from a header of text and data of zeros, with the true length unless `length` is given.
std::string file_of(const std::string& header, size_t data, uint64_t length = UINT64_MAX) {
  if (length == UINT64_MAX) length = header.size();
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(length >> (8 * i) & 0xFF);
  return bytes + header + std::string(data, '\0');
}

std::string refusal(const std::string& bytes) {
  const auto file = parse_safetensors(as_bytes(bytes), "model.safetensors");
  EXPECT_FALSE(file.ok());
  return file.status().message();
}

TEST(Safetensors, RoundTrips) {
  const std::vector<float> a = {1, -2, 3.5F, 0, -0.0F, 1e-40F};
  const std::vector<int64_t> b = {-1};
  const std::vector<std::pair<std::string, TensorView>> tensors = {
      {"second.weight", {DType::kF32, {2, 3}, std::as_bytes(std::span(a))}},
      {"a.scalar", {DType::kI64, {}, std::as_bytes(std::span(b))}},
      {"empty", {DType::kF16, {0, 4}, {}}}};
  std::string bytes = safetensors_header(tensors, {{"format", "pt"}});
  EXPECT_EQ(bytes.size() % 8, 0U);
  for (const auto& [name, view] : tensors)
    bytes.append(reinterpret_cast<const char*>(view.bytes.data()), view.bytes.size());
  const auto file = parse_safetensors(as_bytes(bytes), "model.safetensors");
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->metadata.at("format"), "pt");
  ASSERT_EQ(file->tensors.size(), 3U);
  EXPECT_EQ(file->tensors.at("second.weight").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(*to_floats(file->tensors.at("second.weight"), ""), a);
  EXPECT_EQ(file->tensors.at("a.scalar").elements(), 1);
  EXPECT_EQ(file->tensors.at("empty").elements(), 0);
}

TEST(Safetensors, LengthsThatLie) {
  EXPECT_NE(refusal("").find("too short"), std::string::npos);
  EXPECT_NE(refusal("1234567").find("too short"), std::string::npos);
  EXPECT_NE(refusal(file_of("{}", 0, 3)).find("claims 3 bytes but the file holds 2"), std::string::npos);
  EXPECT_NE(refusal(file_of("{}", 0, UINT64_MAX - 1)).find("claims"), std::string::npos);
  EXPECT_NE(refusal(file_of("{}", 0, UINT64_MAX - 7)).find("claims"), std::string::npos);
  EXPECT_NE(refusal(file_of("{}", 0, 1ULL << 40)).find("claims"), std::string::npos);
  EXPECT_NE(refusal(file_of("{}", 4)).find("tensors end at byte 0 but the file holds 4"), std::string::npos);
  EXPECT_NE(refusal(file_of("[]", 0)).find("expected an object"), std::string::npos);
  EXPECT_NE(refusal(file_of("{", 0)).find("not valid JSON"), std::string::npos);
  EXPECT_NE(refusal(file_of(std::string(1000, '['), 0)).find("nested deeper"), std::string::npos);
}

TEST(Safetensors, OffsetsThatLie) {
  const auto tensor = [](const std::string& shape, const std::string& offsets, const std::string& dtype = "F32") {
    return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
  };
  const auto one = [&](const std::string& entry, size_t data) {
    return refusal(file_of(R"({"w":)" + entry + "}", data));
  };
  EXPECT_NE(one(tensor("[2]", "[0,8]"), 4).find("end at byte 8 but the file holds 4"), std::string::npos);
  EXPECT_NE(one(tensor("[2]", "[0,4]"), 4).find("needs 8 bytes but data_offsets span 4"), std::string::npos);
  EXPECT_NE(one(tensor("[1]", "[4,8]"), 8).find("after a gap"), std::string::npos);
  EXPECT_NE(one(tensor("[1]", "[4,0]"), 8).find("ascending"), std::string::npos);
  EXPECT_NE(one(tensor("[1]", "[-4,0]"), 8).find("ascending"), std::string::npos);
  EXPECT_NE(one(tensor("[1]", "[0,9223372036854775807]"), 4).find("end at byte"), std::string::npos);
  // Above 2^63 a number must not turn negative and pass.
  EXPECT_NE(one(tensor("[1]", "[0,18446744073709551615]"), 4).find("tensor w"), std::string::npos);
  EXPECT_NE(one(tensor("[-1]", "[0,4]"), 4).find("negative dimension"), std::string::npos);
  EXPECT_NE(one(tensor("[4294967296,4294967296,4294967296]", "[0,4]"), 4).find("too large"), std::string::npos);
  EXPECT_NE(one(tensor("[0,9223372036854775807,9223372036854775807]", "[0,4]"), 4).find("tensor w"), std::string::npos);
  EXPECT_NE(one(tensor("[1]", "[0]"), 4).find("two ascending numbers"), std::string::npos);
  EXPECT_NE(one(tensor("[1.5]", "[0,4]"), 4).find("shape"), std::string::npos);
  EXPECT_NE(one(tensor("[1]", "[0,4]", "F8"), 4).find("dtype \"F8\""), std::string::npos);
  EXPECT_NE(one("3", 4).find("expected an object"), std::string::npos);

  const std::string overlapping = R"({"a":)" + tensor("[2]", "[0,8]") + R"(,"b":)" + tensor("[2]", "[4,12]") + "}";
  EXPECT_NE(refusal(file_of(overlapping, 12)).find("tensor b starts at byte 4, inside the tensor before it"),
            std::string::npos);
  const std::string same = R"({"a":)" + tensor("[2]", "[0,8]") + R"(,"b":)" + tensor("[2]", "[0,8]") + "}";
  EXPECT_NE(refusal(file_of(same, 8)).find("inside the tensor before it"), std::string::npos);
}

TEST(Safetensors, FloatsOfEveryWidth) {
  const std::vector<uint16_t> half = {0x3C00, 0xC000, 0x0001, 0x7BFF, 0x8000, 0x7C00, 0x7E00};
  const TensorView f16{DType::kF16, {7}, std::as_bytes(std::span(half))};
  const std::vector<float> values = *to_floats(f16, "w");
  EXPECT_EQ(values[0], 1.0F);
  EXPECT_EQ(values[1], -2.0F);
  EXPECT_EQ(values[2], 0x1p-24F);
  EXPECT_EQ(values[3], 65504.0F);
  EXPECT_TRUE(std::signbit(values[4]) && values[4] == 0);
  EXPECT_EQ(values[5], std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(values[6]));
  const std::vector<uint16_t> brain = {0x3F80, 0xC040};
  EXPECT_EQ(*to_floats({DType::kBF16, {2}, std::as_bytes(std::span(brain))}, "w"), (std::vector<float>{1.0F, -3.0F}));
  const std::vector<double> wide = {0.5, -1e300};
  EXPECT_EQ((*to_floats({DType::kF64, {2}, std::as_bytes(std::span(wide))}, "w"))[0], 0.5F);
  const std::vector<int64_t> integers = {1};
  EXPECT_EQ(to_floats({DType::kI64, {1}, std::as_bytes(std::span(integers))}, "w").status().code(),
            StatusCode::kUnsupported);
}

}  // namespace
}  // namespace coppice::engine
