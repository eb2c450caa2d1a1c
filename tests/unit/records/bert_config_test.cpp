#include "shared/records/bert_config.h"

#include <gtest/gtest.h>

namespace coppice::records {
namespace {

Json base_config() { return Json(to_json(BertConfig{})); }

std::string refusal(const Json& config) {
  const auto parsed = parse_bert_config(dump_json(config), "config.json");
  EXPECT_FALSE(parsed.ok()) << dump_json(config);
  return parsed.status().message();
}

TEST(BertConfig, RoundTrips) {
  BertConfig config;
  config.vocab_size = 100;
  config.hidden_size = 48;
  config.num_attention_heads = 4;
  config.intermediate_size = 96;
  config.labels = {"bad", "good"};
  config.layers = {{4, 96}, {1, 7}, {3, 96}};
  const auto read_back = parse_bert_config(dump_json(to_json(config)), "config.json");
  ASSERT_TRUE(read_back.ok()) << read_back.status().message();
  EXPECT_EQ(read_back->layers, config.layers);
  EXPECT_EQ(read_back->labels, config.labels);
  EXPECT_EQ(read_back->head_size(), 12);
  EXPECT_TRUE(read_back->has_uneven_layers());
  EXPECT_EQ(to_json(*read_back), to_json(config));
}

TEST(BertConfig, EvenLayersNeedNoExtension) {
  const Json json = base_config();
  EXPECT_FALSE(json.contains("coppice_layers"));
  EXPECT_EQ(json["num_hidden_layers"], 6);
}

TEST(BertConfig, RefusesOtherModelsWithTheReason) {
  const auto with = [](const char* key, const Json& value) {
    Json config = base_config();
    config[key] = value;
    return config;
  };
  EXPECT_NE(refusal(with("model_type", "roberta")).find("model_type is \"roberta\""), std::string::npos);
  EXPECT_NE(refusal(with("hidden_act", "gelu_new")).find("hidden_act"), std::string::npos);
  EXPECT_NE(refusal(with("position_embedding_type", "relative_key")).find("position_embedding_type"),
            std::string::npos);
  EXPECT_NE(refusal(with("num_attention_heads", 7)).find("multiple of the second"), std::string::npos);
  EXPECT_NE(refusal(with("hidden_size", 0)).find("hidden_size: is 0"), std::string::npos);
  EXPECT_NE(refusal(with("hidden_size", -384)).find("hidden_size"), std::string::npos);
  EXPECT_NE(refusal(with("hidden_size", 1LL << 40)).find("hidden_size"), std::string::npos);
  EXPECT_NE(refusal(with("num_hidden_layers", 100000)).find("num_hidden_layers"), std::string::npos);
  EXPECT_NE(refusal(with("hidden_size", "384")).find("expected an integer, found a string"), std::string::npos);
  EXPECT_NE(refusal(with("id2label", {{"0", "a"}, {"1", "b"}, {"2", "c"}})).find("two labels"), std::string::npos);
  EXPECT_NE(refusal(with("pad_token_id", 30522)).find("outside the vocabulary"), std::string::npos);
  EXPECT_NE(refusal(with("layer_norm_eps", 0)).find("layer_norm_eps"), std::string::npos);
  EXPECT_NE(refusal(with("coppice_layers", Json::array())).find("one entry for each of the 6"), std::string::npos);
  EXPECT_NE(parse_bert_config("{", "config.json").status().message().find("not valid JSON"), std::string::npos);
}

// By hand for hidden 4, one layer of 2 of 4 heads (A = 2) and feed-forward 3, vocabulary 5, 6 positions, 2 types.
TEST(BertConfig, CountsByHand) {
  BertConfig config;
  config.vocab_size = 5;
  config.hidden_size = 4;
  config.num_attention_heads = 4;
  config.intermediate_size = 3;
  config.max_position_embeddings = 6;
  config.layers = {{2, 3}};
  const ParameterCount count = count_parameters(config, /*with_pooler=*/true);
  EXPECT_EQ(count.encoder, 4 * (4 * 2) + 2 * (4 * 3));
  // embeddings 13 x 4 and LayerNorm 8; biases q, k, v 6, output 4, in 3, out 4; two LayerNorms 16; pooler 20;
  // classifier 10.
  EXPECT_EQ(count.total, 52 + 8 + 56 + 6 + 4 + 3 + 4 + 16 + 20 + 10);
  // T = 10: projections 2 x 10 x (4 x 4 x 2 + 2 x 4 x 3), scores and context 4 x 100 x 2.
  EXPECT_EQ(encoder_flops(config, 10), 2 * 10 * (32 + 24) + 800);
}

TEST(BertConfig, MiniLmHasItsKnownSize) {
  // 22,713,216 parameters of the encoder with pooler (sum over the published checkpoint), and 770 of the classifier.
  EXPECT_EQ(count_parameters(BertConfig{}, true).total, 22'713'216 + 770);
  EXPECT_EQ(count_parameters(BertConfig{}, true).encoder, 10'616'832);
}

}  // namespace
}  // namespace coppice::records
