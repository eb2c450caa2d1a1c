#include "native/prune/structured_plan.h"

#include <gtest/gtest.h>

#include "native/io/file.h"

namespace coppice::prune {
namespace {

Importance made_up_importance(const records::BertConfig& config) {
  Importance importance;
  for (const records::LayerShape& shape : config.layers) {
    Importance::Layer layer;
    for (int64_t h = 0; h < shape.num_attention_heads; ++h) layer.heads.push_back(1.0 + static_cast<double>(h));
    for (int64_t n = 0; n < shape.intermediate_size; ++n) layer.neurons.push_back(0.001 * static_cast<double>(n % 37));
    importance.layers.push_back(layer);
  }
  return importance;
}

StructuredBudget flops_budget(const records::BertConfig& config, double keep) {
  return {BudgetKind::kFlops, keep, 256, 16, flops_cost(config, 256)};
}

records::BertConfig pruned_config(records::BertConfig config, const StructuredPlan& plan) {
  config.layers.clear();
  for (const StructuredPlan::Layer& layer : plan.layers) {
    config.layers.push_back({static_cast<int64_t>(layer.heads.size()), static_cast<int64_t>(layer.neurons.size())});
  }
  return config;
}

TEST(PlanStructured, MeetsTheBudgetAndKeepsTheMostImportant) {
  const records::BertConfig config;  // MiniLM-L6
  for (const double share : {1.0, 0.9, 0.5, 0.25, 0.1}) {
    const Result<StructuredPlan> plan =
        plan_structured(config, all_layers(6), made_up_importance(config), flops_budget(config, share));
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    const records::BertConfig pruned = pruned_config(config, *plan);
    for (size_t l = 0; l < 6; ++l) {
      EXPECT_EQ(pruned.layers[l].intermediate_size % 16, 0);
      EXPECT_EQ(plan->layers[l].heads.back(), 11);
      EXPECT_EQ(plan->layers[l].layer, static_cast<int64_t>(l));
    }
    const double kept = static_cast<double>(records::encoder_flops(pruned, 256)) /
                        static_cast<double>(records::encoder_flops(config, 256));
    EXPECT_LE(kept, share);
    EXPECT_GT(kept, share - 0.03);
    EXPECT_EQ(plan->flops_after, records::encoder_flops(pruned, 256));
    EXPECT_NEAR(plan->cost_after, static_cast<double>(plan->flops_after), 1);
  }
}

TEST(PlanStructured, CountsParametersAsTheRecordsDo) {
  const records::BertConfig config;
  const StructuredBudget budget{BudgetKind::kParameters, 0.4, 256, 16, parameter_cost(config)};
  const Result<StructuredPlan> plan = plan_structured(config, all_layers(6), made_up_importance(config), budget);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->cost_before, static_cast<double>(records::count_parameters(config, true).encoder));
  EXPECT_EQ(plan->cost_after,
            static_cast<double>(records::count_parameters(pruned_config(config, *plan), true).encoder));
  EXPECT_LE(plan->cost_after, 0.4 * plan->cost_before);
}

TEST(PlanStructured, WholeLayersCountTowardsTheBudget) {
  const records::BertConfig config;
  Importance importance = made_up_importance(config);
  importance.layers.resize(3);
  const Result<StructuredPlan> plan = plan_structured(config, {0, 2, 5}, importance, flops_budget(config, 0.5));
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  ASSERT_EQ(plan->layers.size(), 3U);
  EXPECT_EQ(plan->layers[1].layer, 2);
  EXPECT_EQ(plan->layers[0].heads.size(), 12U) << "three of six layers are half of the FLOPs already";
  EXPECT_EQ(plan->layers[0].neurons.size(), 1536U);
  EXPECT_EQ(plan->flops_after * 2, plan->flops_before);
}

TEST(PlanStructured, ABudgetThatCannotBeMetOffersTheNearest) {
  const records::BertConfig config;
  const Result<StructuredPlan> plan =
      plan_structured(config, all_layers(6), made_up_importance(config), flops_budget(config, 0.001));
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.status().code(), StatusCode::kInvalidUsage);
  EXPECT_NE(plan.status().message().find("is left"), std::string::npos) << plan.status().message();
  for (const double share : {0.0, -1.0, 1.01}) {
    EXPECT_FALSE(plan_structured(config, all_layers(6), made_up_importance(config), flops_budget(config, share)).ok());
  }
  EXPECT_FALSE(plan_structured(config, {}, {}, flops_budget(config, 0.5)).ok());
}

LatencyTable made_up_table() {
  LatencyTable table;
  table.runtime = "made up";
  table.tokens = 256;
  table.hidden_size = 384;
  table.head_size = 32;
  table.fixed_milliseconds = 1;
  table.layer_milliseconds = 0.5;
  table.heads = {{1, 0.2}, {6, 0.2}, {12, 2.0}};  // below 6 heads nothing is saved
  table.neurons = {{16, 0.1}, {768, 2.0}, {1536, 4.0}};
  return table;
}

TEST(LatencyTable, IsReadBackAsWrittenAndHostileOnesAreRefused) {
  const std::string text = dump_json(to_json(made_up_table()));
  const Result<LatencyTable> table = parse_latency_table(text, "table.json");
  ASSERT_TRUE(table.ok()) << table.status().message();
  EXPECT_EQ(dump_json(to_json(*table)), text);
  for (const auto& [member, value] : std::vector<std::pair<std::string, Json>>{{"/schema_version", 2},
                                                                               {"/heads", Json::array()},
                                                                               {"/heads/1/width", 1},
                                                                               {"/neurons/0/milliseconds", -1},
                                                                               {"/neurons/0/milliseconds", "fast"},
                                                                               {"/fixed_milliseconds", -3},
                                                                               {"/tokens", 0}}) {
    Json changed = Json::parse(text);
    changed[Json::json_pointer(member)] = value;
    EXPECT_FALSE(parse_latency_table(changed.dump(), "table.json").ok()) << member;
  }
}

TEST(LatencyTable, IsReadBetweenItsWidths) {
  const Result<CostModel> cost = latency_cost(records::BertConfig(), made_up_table());
  ASSERT_TRUE(cost.ok()) << cost.status().message();
  EXPECT_NEAR(cost->of_layer(12, 1536), 0.5 + 2.0 + 4.0, 1e-12);
  EXPECT_NEAR(cost->of_layer(9, 1152), 0.5 + 1.1 + 3.0, 1e-12);
  EXPECT_NEAR(cost->of_layer(1, 16), 0.5 + 0.2 + 0.1, 1e-12);
  EXPECT_NEAR(cost->of(records::BertConfig().layers), 1 + 6 * 6.5, 1e-12);
  LatencyTable noisy = made_up_table();
  noisy.neurons[1].milliseconds = 5.0;  // the middle slower than the end
  const Result<CostModel> raised = latency_cost(records::BertConfig(), noisy);
  EXPECT_NEAR(raised->of_layer(12, 1536), 0.5 + 2.0 + 5.0, 1e-12);
}

TEST(LatencyTable, OfAnotherModelIsRefused) {
  LatencyTable table = made_up_table();
  table.hidden_size = 768;
  EXPECT_EQ(latency_cost(records::BertConfig(), table).status().code(), StatusCode::kInvalidUsage);
  table = made_up_table();
  table.neurons.back().width = 1024;
  EXPECT_EQ(latency_cost(records::BertConfig(), table).status().code(), StatusCode::kInvalidUsage);
}

// The table that tests/bench/latency measured in a browser: read as `coppice prune` reads it, it gives the time of each
// model it was made from (differences below 0, which are noise, were raised to 0: hence the percent).
TEST(LatencyTable, OfTheBrowserGivesTheTimesItWasMadeFrom) {
  const std::string path = "docs/bench/latency-ortweb-256.json";
  const Result<std::string> text = read_file(path);
  ASSERT_TRUE(text.ok()) << text.status().message();
  const Result<LatencyTable> table = parse_latency_table(*text, path);
  ASSERT_TRUE(table.ok()) << table.status().message();
  const records::BertConfig config;  // MiniLM-L6
  const Result<CostModel> cost = latency_cost(config, *table);
  ASSERT_TRUE(cost.ok()) << cost.status().message();
  const Json json = Json::parse(*text);
  int checked = 0;
  for (const Json& model : json["measured"]["models"]) {
    if (!model.contains("layers") || model["layers"] != config.num_hidden_layers()) continue;
    const int64_t heads = model["heads"];
    const int64_t neurons = model["neurons"];
    if (heads != config.num_attention_heads && neurons != config.intermediate_size) continue;  // a check, not a source
    const double milliseconds = model["median_milliseconds"];
    EXPECT_NEAR(cost->of(std::vector<records::LayerShape>(6, {heads, neurons})), milliseconds, 0.01 * milliseconds)
        << heads << " heads, " << neurons << " neurons";
    ++checked;
  }
  EXPECT_GE(checked, 10);
}

TEST(PlanStructured, FollowsTheTimeOfTheRuntimeNotTheFlops) {
  const records::BertConfig config;
  const Result<CostModel> cost = latency_cost(config, made_up_table());
  const StructuredBudget budget{BudgetKind::kLatency, 0.6, 256, 16, *cost};
  Importance even;  // every head costs the loss as much as every other, neurons likewise
  even.layers.assign(6, {std::vector<double>(12, 1.0), std::vector<double>(1536, 12.0 / 1536)});
  const Result<StructuredPlan> plan = plan_structured(config, all_layers(6), even, budget);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_LE(plan->cost_after, 0.6 * plan->cost_before);
  EXPECT_NEAR(plan->cost_after, cost->of(pruned_config(config, *plan).layers), 1e-9);
  for (const StructuredPlan::Layer& layer : plan->layers) {
    EXPECT_GE(layer.heads.size(), 6U) << "heads below 6 save no time in this runtime";
  }
}

}  // namespace
}  // namespace coppice::prune
