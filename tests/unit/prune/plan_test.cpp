#include "native/prune/plan.h"

#include <gtest/gtest.h>

namespace coppice::prune {
namespace {

Plan structured_plan() {
  Plan plan;
  plan.method = "structured";
  plan.model_id = "dense";
  plan.weights_sha256 = std::string(64, 'a');
  plan.structured.layers = {{0, {0, 2}, {1, 5}}, {2, {1}, {0}}};
  plan.structured.budget = BudgetKind::kLatency;
  plan.structured.keep = 0.5;
  plan.structured.tokens = 128;
  plan.structured.importance = "taylor";
  plan.structured.scored_on = {256, std::string(64, 'c')};
  plan.structured.runtime = "some runtime";
  return plan;
}

Plan unstructured_plan() {
  Plan plan;
  plan.method = "fisher";
  plan.model_id = "dense";
  plan.weights_sha256 = std::string(64, 'a');
  plan.unstructured.score = Score::kFisher;
  plan.unstructured.selection = {0.75, Scope::kMatrix, *parse_pattern("1x4")};
  plan.unstructured.scored_on = {16, std::string(64, 'd')};
  plan.unstructured.weights = 64;
  plan.unstructured.zeros = 48;
  plan.unstructured.matrices = {{"a", 64, 48}};
  return plan;
}

Plan reconstruction_plan() {
  Plan plan = unstructured_plan();
  plan.method = "reconstruction";
  plan.unstructured.score = Score::kReconstruction;
  return plan;
}

records::BertConfig config_of(size_t layers, int64_t heads, int64_t neurons) {
  records::BertConfig config;
  config.layers = std::vector<records::LayerShape>(layers, records::LayerShape{heads, neurons});
  return config;
}

TEST(Plan, IsReadBackAsWritten) {
  for (const Plan& written : {structured_plan(), unstructured_plan(), reconstruction_plan()}) {
    const std::string text = dump_json(to_json(written));
    const Result<Plan> plan = parse_plan(text, "plan.json");
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    EXPECT_EQ(dump_json(to_json(*plan)), text);
  }
}

TEST(Plan, ForOtherWeightsIsRefused) {
  const Status status = check_fits(structured_plan(), config_of(3, 12, 64), std::string(64, 'b'));
  EXPECT_EQ(status.code(), StatusCode::kInvalidInput);
  EXPECT_NE(status.message().find("made for the weights of model dense"), std::string::npos);
}

TEST(Plan, IndicesOutsideTheModelAreRefused) {
  const Plan plan = structured_plan();
  EXPECT_TRUE(check_fits(plan, config_of(3, 3, 6), plan.weights_sha256).ok());
  EXPECT_FALSE(check_fits(plan, config_of(2, 3, 6), plan.weights_sha256).ok());
  EXPECT_FALSE(check_fits(plan, config_of(3, 2, 6), plan.weights_sha256).ok());
  EXPECT_FALSE(check_fits(plan, config_of(3, 3, 5), plan.weights_sha256).ok());
}

std::string with_change(Plan plan, const std::string& member, const Json& value) {
  Json json = Json::parse(dump_json(to_json(plan)));
  Json& body = json[plan.is_structured() ? "structured" : "unstructured"];
  body[Json::json_pointer(member)] = value;
  return json.dump();
}

TEST(Plan, ThatKeepsNothingOfALayerOrOfTheModelIsRefused) {
  EXPECT_TRUE(parse_plan(with_change(structured_plan(), "/layers/0/heads", {1}), "plan.json").ok());
  EXPECT_FALSE(parse_plan(with_change(structured_plan(), "/layers/0/heads", Json::array()), "plan.json").ok());
  EXPECT_FALSE(parse_plan(with_change(structured_plan(), "/layers/0/neurons", Json::array()), "plan.json").ok());
  EXPECT_FALSE(parse_plan(with_change(structured_plan(), "/layers", Json::array()), "plan.json").ok());
}

TEST(Plan, HostileDocumentsAreRefused) {
  for (const char* text :
       {"", "[]", "{}", R"({"schema_version":2,"method":"structured","model_id":"a","weights_sha256":"b"})",
        R"({"schema_version":2,"method":"magic","model_id":"a","weights_sha256":"b"})",
        R"({"schema_version":1,"method":"magnitude","model_id":"a","weights_sha256":"b"})"}) {
    EXPECT_FALSE(parse_plan(text, "plan.json").ok()) << text;
  }
  for (const auto& [member, value] : std::vector<std::pair<std::string, Json>>{{"/layers/0/heads", {2, 1}},
                                                                               {"/layers/0/heads", {-1}},
                                                                               {"/layers/1/layer", 0},
                                                                               {"/layers/0/layer", -1},
                                                                               {"/layers", 3},
                                                                               {"/budget/kind", "money"},
                                                                               {"/budget", Json::array()},
                                                                               {"/scored_on", 7}}) {
    EXPECT_FALSE(parse_plan(with_change(structured_plan(), member, value), "plan.json").ok()) << member << value;
  }
  for (const auto& [member, value] : std::vector<std::pair<std::string, Json>>{{"/sparsity", 1.5},
                                                                               {"/sparsity", "0.5"},
                                                                               {"/zeros", 65},
                                                                               {"/score", "magnitude"},
                                                                               {"/scope", "galaxy"},
                                                                               {"/pattern", "0x4"},
                                                                               {"/matrices", {1}}}) {
    EXPECT_FALSE(parse_plan(with_change(unstructured_plan(), member, value), "plan.json").ok()) << member << value;
  }
}

}  // namespace
}  // namespace coppice::prune
