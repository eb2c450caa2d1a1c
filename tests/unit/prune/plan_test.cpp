#include "native/prune/plan.h"

#include <gtest/gtest.h>

namespace coppice::prune {
namespace {

Plan structured_plan() {
  Plan plan;
  plan.method = "structured";
  plan.model_id = "dense";
  plan.weights_sha256 = std::string(64, 'a');
  plan.structured.layers = {{{0, 2}, {1, 5}}, {{1}, {0}}};
  plan.structured.keep_flops = 0.5;
  plan.structured.tokens = 128;
  return plan;
}

records::BertConfig config_of(int64_t heads, int64_t neurons) {
  records::BertConfig config;
  config.layers = std::vector<records::LayerShape>(2, records::LayerShape{heads, neurons});
  return config;
}

TEST(Plan, IsReadBackAsWritten) {
  const std::string text = dump_json(to_json(structured_plan()));
  const Result<Plan> plan = parse_plan(text, "plan.json");
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(dump_json(to_json(*plan)), text);
}

TEST(Plan, ForOtherWeightsIsRefused) {
  const Status status = check_fits(structured_plan(), config_of(12, 64), std::string(64, 'b'));
  EXPECT_EQ(status.code(), StatusCode::kInvalidInput);
  EXPECT_NE(status.message().find("made for the weights of model dense"), std::string::npos);
}

TEST(Plan, IndicesOutsideTheModelAreRefused) {
  const Plan plan = structured_plan();
  EXPECT_TRUE(check_fits(plan, config_of(3, 6), plan.weights_sha256).ok());
  EXPECT_FALSE(check_fits(plan, config_of(2, 6), plan.weights_sha256).ok());
  EXPECT_FALSE(check_fits(plan, config_of(3, 5), plan.weights_sha256).ok());
}

TEST(Plan, HostileDocumentsAreRefused) {
  for (const char* text :
       {"", "[]", "{}", R"({"schema_version":2,"method":"structured","model_id":"a","weights_sha256":"b"})",
        R"({"schema_version":1,"method":"magic","model_id":"a","weights_sha256":"b"})",
        R"({"schema_version":1,"method":"structured","model_id":"a","weights_sha256":"b","structured":
                              {"keep_flops":0.5,"tokens":1,"flops_before":1,"flops_after":1,"layers":[{"heads":[],"neurons":[1]}]}})",
        R"({"schema_version":1,"method":"structured","model_id":"a","weights_sha256":"b","structured":
                              {"keep_flops":0.5,"tokens":1,"flops_before":1,"flops_after":1,"layers":[{"heads":[2,1],"neurons":[1]}]}})",
        R"({"schema_version":1,"method":"structured","model_id":"a","weights_sha256":"b","structured":
                              {"keep_flops":0.5,"tokens":1,"flops_before":1,"flops_after":1,"layers":[{"heads":[-1],"neurons":[1]}]}})",
        R"({"schema_version":1,"method":"magnitude","model_id":"a","weights_sha256":"b","magnitude":
                              {"sparsity":1.5,"weights":4,"zeros":2,"threshold":0.1,"matrices":[]}})"}) {
    EXPECT_FALSE(parse_plan(text, "plan.json").ok()) << text;
  }
}

}  // namespace
}  // namespace coppice::prune
