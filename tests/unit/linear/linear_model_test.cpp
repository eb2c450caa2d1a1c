#include "shared/linear/linear_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "shared/engine/safetensors.h"

namespace coppice::linear {
namespace {

std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

LinearConfig config() {
  LinearConfig made;
  made.features = {8, 1, Weighting::kBinary, Norm::kNone};
  return made;
}

uint32_t bucket_of(const std::string& word) { return features_of(ngrams_of(word, 1), config().features)[0].bucket; }

// "good" weighs 2, "bad" -1, the bias is 0.25.
LinearWeights weights() {
  std::vector<float> values(256, 0.0F);
  values[bucket_of("good")] = 2;
  values[bucket_of("bad")] = -1;
  return quantise(values, 0.25);
}

Result<LinearModel> model(const Json& config_json, const std::string& tensors) {
  return LinearModel::create(dump_json(config_json), as_bytes(tensors), "folder");
}

TEST(LinearModel, SumsTheWeightsOfWhatOccurs) {
  const auto read = model(Json(to_json(config())), to_safetensors(weights()));
  ASSERT_TRUE(read.ok()) << read.status().message();
  const auto score = [&](const std::string& text) {
    const Judgement judgement = read->judge(text);
    EXPECT_FLOAT_EQ(judgement.logits[0], -judgement.logits[1]);
    return judgement.logits[1] - judgement.logits[0];
  };
  EXPECT_FLOAT_EQ(score("good"), 2.25F);
  EXPECT_FLOAT_EQ(score("good good GOOD"), 2.25F);  // binary
  EXPECT_NEAR(score("bad"), -0.75, 2.0 / 127 / 2);  // half a step of the quantisation
  EXPECT_FLOAT_EQ(score(""), 0.25F);
  EXPECT_EQ(read->judge("It's good!").words, 3);
  EXPECT_EQ(read->parameters(), 258);
}

TEST(LinearModel, QuantisationRoundsToTheNearestStep) {
  const std::vector<float> values = {0, 1.27F, -1.27F, 0.004F, 0.006F, -0.006F};
  const LinearWeights rounded = quantise(values, 1);
  EXPECT_FLOAT_EQ(rounded.scale, 0.01F);
  EXPECT_EQ(rounded.weight, (std::vector<int8_t>{0, 127, -127, 0, 1, -1}));
  const LinearWeights nothing = quantise(std::vector<float>(4, 0.0F), 0);
  EXPECT_EQ(nothing.weight, std::vector<int8_t>(4, 0));
  EXPECT_EQ(nothing.scale, 0);
}

TEST(LinearModel, ConfigRoundTrips) {
  LinearConfig other;
  other.features = {22, 3, Weighting::kSublinear, Norm::kL2};
  other.labels = {"schlecht", "gut"};
  const auto read = parse_linear_config(dump_json(to_json(other)), "config.json");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(to_json(*read), to_json(other));
  EXPECT_TRUE(is_linear_config(Json(to_json(other))));
  EXPECT_FALSE(is_linear_config({{"model_type", "bert"}}));
  EXPECT_FALSE(is_linear_config(Json::array()));
}

TEST(LinearModel, WhatItDoesNotKnowIsRefused) {
  const std::string tensors = to_safetensors(weights());
  for (const auto& [key, value, message] : std::vector<std::tuple<std::string, Json, std::string>>{
           {"model_type", "bert", "model_type: is \"bert\""},
           {"version", 2, "version: is 2"},
           {"words", "coppice_words_9", "words: is \"coppice_words_9\""},
           {"hash", "md5", "hash: is \"md5\""},
           {"hash_bits", 7, "hash_bits: is 7"},
           {"hash_bits", 60, "hash_bits: is 60"},
           {"hash_bits", "8", "hash_bits: expected an integer"},
           {"hash_bits", 9, "weight: expected I8 of shape (512)"},
           {"max_ngram", 0, "max_ngram"},
           {"weighting", "tf", "expected binary or sublinear"},
           {"norm", "l1", "expected none or l2"},
           {"id2label", {{"0", "negative"}}, "id2label: 1"},
       }) {
    Json changed(to_json(config()));
    changed[key] = value;
    const auto refused = model(changed, tensors);
    ASSERT_FALSE(refused.ok()) << key;
    EXPECT_EQ(refused.status().code(), StatusCode::kInvalidInput) << key;
    EXPECT_NE(refused.status().message().find(message), std::string::npos) << refused.status().message();
  }
}

TEST(LinearModel, BrokenWeightsAreRefused) {
  const Json good(to_json(config()));
  const std::string tensors = to_safetensors(weights());
  for (const size_t length : {size_t{0}, size_t{7}, size_t{40}, tensors.size() - 1}) {
    EXPECT_FALSE(model(good, tensors.substr(0, length)).ok()) << length;
  }
  // A bias that is no number.
  std::string nan_bias = tensors;
  const auto parsed = engine::parse_safetensors(as_bytes(nan_bias), "w");
  ASSERT_TRUE(parsed.ok());
  const float nan = std::nanf("");
  std::memcpy(
      nan_bias.data() + (reinterpret_cast<const char*>(parsed->tensors.at("bias").bytes.data()) - nan_bias.data()),
      &nan, sizeof nan);
  const auto refused = model(good, nan_bias);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("bias is not finite"), std::string::npos) << refused.status().message();
  // A tensor under another name.
  std::string renamed = tensors;
  renamed.replace(renamed.find("scale"), 5, "Scale");
  EXPECT_FALSE(model(good, renamed).ok());
}

}  // namespace
}  // namespace coppice::linear
