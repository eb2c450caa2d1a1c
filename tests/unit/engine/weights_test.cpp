#include "shared/engine/weights.h"

#include <gtest/gtest.h>

#include <cmath>

namespace coppice::engine {
namespace {

records::BertConfig small_config() {
  records::BertConfig config;
  config.vocab_size = 5;
  config.hidden_size = 4;
  config.num_attention_heads = 2;
  config.intermediate_size = 6;
  config.max_position_embeddings = 7;
  config.layers = {{2, 6}, {1, 3}};
  return config;
}

TensorMap zeros(const records::BertConfig& config, const std::string& prefix) {
  static const std::vector<std::byte> kZeros(1 << 12);
  TensorMap tensors;
  for (const ExpectedTensor& expected : expected_tensors(config)) {
    size_t bytes = 4;
    for (const int64_t dimension : expected.shape) bytes *= static_cast<size_t>(dimension);
    const bool bare = prefix.empty() && expected.name.rfind("bert.", 0) == 0;
    tensors[bare ? expected.name.substr(5) : expected.name] = {DType::kF32, expected.shape,
                                                               std::span(kZeros).first(bytes)};
  }
  return tensors;
}

TEST(Weights, NamesAndShapesOfTheCheckpoint) {
  const std::vector<ExpectedTensor> expected = expected_tensors(small_config());
  ASSERT_EQ(expected.size(), 5U + 2 * 16 + 2 + 2);
  EXPECT_EQ(expected.front().name, "bert.embeddings.word_embeddings.weight");
  EXPECT_EQ(expected.back().name, "classifier.bias");
  const auto shape = [&](const std::string& name) {
    for (const ExpectedTensor& tensor : expected) {
      if (tensor.name == name) return shape_text(tensor.shape);
    }
    return std::string("none");
  };
  EXPECT_EQ(shape("bert.encoder.layer.1.attention.self.key.weight"), "(2, 4)");
  EXPECT_EQ(shape("bert.encoder.layer.1.attention.output.dense.weight"), "(4, 2)");
  EXPECT_EQ(shape("bert.encoder.layer.1.intermediate.dense.bias"), "(3)");
  EXPECT_EQ(shape("bert.encoder.layer.0.output.dense.weight"), "(4, 6)");
  EXPECT_EQ(shape("bert.pooler.dense.weight"), "(4, 4)");
  EXPECT_EQ(shape("classifier.weight"), "(2, 4)");
  EXPECT_EQ(encoder_matrices(small_config()).size(), 12U);
}

TEST(Weights, TakesNamesWithAndWithoutPrefix) {
  for (const char* prefix : {"bert.", ""}) {
    const auto taken = take_weights(small_config(), zeros(small_config(), prefix), true, "file");
    ASSERT_TRUE(taken.ok()) << taken.status().message();
    EXPECT_EQ(taken->size(), expected_tensors(small_config()).size());
    EXPECT_EQ(taken->count("bert.pooler.dense.bias"), 1U);
  }
}

TEST(Weights, EveryTensorThatDoesNotFitIsListed) {
  TensorMap tensors = zeros(small_config(), "bert.");
  tensors.erase("bert.pooler.dense.bias");
  tensors.erase("bert.encoder.layer.0.attention.self.query.weight");
  tensors["bert.encoder.layer.2.output.dense.bias"] = {DType::kF32, {4}, {}};
  tensors["classifier.weight"].shape = {3, 4};
  const auto taken = take_weights(small_config(), tensors, true, "model.safetensors");
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.status().message(),
            "model.safetensors: the weights do not fit config.json. Missing (2): "
            "bert.encoder.layer.0.attention.self.query.weight (4, 4), bert.pooler.dense.bias (4). Unexpected (1): "
            "bert.encoder.layer.2.output.dense.bias (4). Of another shape (1): classifier.weight is (3, 4), expected "
            "(2, 4). Take config.json and the weights from the same checkpoint.");
}

TEST(Weights, BaseModelsHaveOtherHeadsAndBuffers) {
  TensorMap tensors = zeros(small_config(), "bert.");
  tensors.erase("classifier.weight");
  tensors.erase("classifier.bias");
  tensors["bert.embeddings.position_ids"] = {DType::kI64, {1, 7}, {}};
  tensors["cls.predictions.bias"] = {DType::kF32, {5}, {}};
  EXPECT_FALSE(take_weights(small_config(), tensors, true, "file").ok());
  const auto taken = take_weights(small_config(), tensors, false, "file");
  ASSERT_TRUE(taken.ok()) << taken.status().message();
  EXPECT_EQ(taken->count("classifier.weight"), 0U);
}

TEST(Weights, NonZeroCounts) {
  const std::vector<float> floats = {0.0F, -0.0F, 1.0F, std::nanf(""), 1e-45F};
  EXPECT_EQ(count_nonzero({DType::kF32, {5}, std::as_bytes(std::span(floats))}), 3);
  const std::vector<uint16_t> halves = {0x0000, 0x8000, 0x0001, 0x3C00};
  EXPECT_EQ(count_nonzero({DType::kF16, {4}, std::as_bytes(std::span(halves))}), 2);
  const std::vector<int8_t> bytes = {0, -128, 1, 0};
  EXPECT_EQ(count_nonzero({DType::kI8, {4}, std::as_bytes(std::span(bytes))}), 2);
}

TEST(Weights, TheKindOfFileIsSeenFromItsBytes) {
  const std::string nothing;
  EXPECT_NE(parse_weights(std::as_bytes(std::span(nothing)), "f").status().message().find("safetensors"),
            std::string::npos);
  const std::string onnx(
      "\x08\x08\x12\x07"
      "coppice",
      11);
  EXPECT_NE(parse_weights(std::as_bytes(std::span(onnx)), "f").status().message().find("ONNX"), std::string::npos);
  // A safetensors header of 8 bytes starts with the byte that ONNX files start with.
  const std::string safetensors = std::string("\x08\0\0\0\0\0\0\0", 8) + "{      }";
  EXPECT_TRUE(parse_weights(std::as_bytes(std::span(safetensors)), "f").ok());
}

}  // namespace
}  // namespace coppice::engine
