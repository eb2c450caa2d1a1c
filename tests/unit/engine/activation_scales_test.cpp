#include "shared/engine/activation_scales.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <list>

namespace coppice::engine {
namespace {

records::BertConfig one_layer() {
  records::BertConfig config;
  config.layers.resize(1);
  return config;
}

class ScaleTensors {
 public:
  explicit ScaleTensors(float scale) {
    for (const std::string& name : product_inputs(one_layer())) {
      tensors[name + "_scale"] = {DType::kF32, {}, bytes_of(scale)};
      tensors[name + "_zero_point"] = {DType::kU8, {}, bytes_of(uint8_t{7})};
    }
  }
  template <typename T>
  std::span<const std::byte> bytes_of(T value) {
    std::vector<std::byte>& bytes = kept_.emplace_back(sizeof value);
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
  }
  [[nodiscard]] Status status() const { return find_activation_scales(one_layer(), tensors, "file").status(); }
  TensorMap tensors;

 private:
  std::list<std::vector<std::byte>> kept_;
};

TEST(ActivationScales, AreReadInTheOrderOfTheNetwork) {
  EXPECT_EQ(product_inputs(one_layer()),
            (std::vector<std::string>{"bert.encoder.layer.0.attention.self.input",
                                      "bert.encoder.layer.0.attention.output.dense.input",
                                      "bert.encoder.layer.0.intermediate.dense.input",
                                      "bert.encoder.layer.0.output.dense.input", "bert.pooler.dense.input"}));
  ScaleTensors stored(0.25F);
  stored.tensors["bert.pooler.dense.input_scale"].bytes = stored.bytes_of(0.5F);
  const auto scales = find_activation_scales(one_layer(), stored.tensors, "file");
  ASSERT_TRUE(scales.ok()) << scales.status().message();
  ASSERT_TRUE(scales->has_value());
  ASSERT_EQ((*scales)->size(), 5U);
  EXPECT_EQ((**scales)[0].scale, 0.25F);
  EXPECT_EQ((**scales)[4].scale, 0.5F);
  EXPECT_EQ((**scales)[4].zero_point, 7);
  EXPECT_FALSE(find_activation_scales(one_layer(), {}, "file")->has_value());
}

TEST(ActivationScales, BrokenOnesAreRefused) {
  for (const float bad : {0.0F, -1.0F, INFINITY, NAN}) EXPECT_FALSE(ScaleTensors(bad).status().ok()) << bad;
  ScaleTensors without(1);
  without.tensors.erase("bert.encoder.layer.0.output.dense.input_zero_point");
  EXPECT_NE(without.status().message().find("layer.0.output.dense.input or its zero point is missing"),
            std::string::npos);
  ScaleTensors shaped(1);
  shaped.tensors["bert.pooler.dense.input_scale"].shape = {1};
  EXPECT_NE(shaped.status().message().find("expected scalars"), std::string::npos) << shaped.status().message();
}

TEST(ActivationScales, RangeHoldsZeroExactly) {
  const ActivationScale both = scale_of_range(-3, 2);
  EXPECT_FLOAT_EQ(both.scale, 5.0F / 255);
  EXPECT_EQ(both.zero_point, 153);
  EXPECT_EQ(scale_of_range(1, 4).zero_point, 0);
  EXPECT_FLOAT_EQ(scale_of_range(1, 4).scale, 4.0F / 255);
  EXPECT_EQ(scale_of_range(-4, -1).zero_point, 255);
}

}  // namespace
}  // namespace coppice::engine
