#include "native/lifecycle/config.h"

#include <gtest/gtest.h>

#include "native/io/file.h"

namespace coppice::lifecycle {
namespace {

Json least() {
  return {{"schema_version", 1},
          {"name", "test"},
          {"data", {{"path", "d"}}},
          {"base", {{"path", "b"}}},
          {"baseline", {{"epochs", 1.5}, {"learning_rate", 1e-4}, {"batch_size", 8}}}};
}

std::string refusal(const Json& changes) {
  Json json = least();
  json.merge_patch(changes);
  const Result<Config> config = parse_config(dump_json(json, 1), "c.json");
  if (config.ok()) return "";
  EXPECT_NE(config.status().code(), StatusCode::kFailed);
  return config.status().message();
}

void expect_refused(const Json& changes, const std::string& part) {
  const std::string message = refusal(changes);
  EXPECT_NE(message.find(part), std::string::npos) << dump_json(changes) << ": " << message;
  EXPECT_EQ(message.rfind("c.json:", 0), 0U) << message;
}

TEST(LifecycleConfig, TheShippedOnesAreRead) {
  for (const char* path : {"docs/lifecycle/small.json", "docs/lifecycle/imdb.json"}) {
    const Result<Config> config = parse_config(*read_file(path), path);
    ASSERT_TRUE(config.ok()) << config.status().message();
    EXPECT_GE(config->pruning.size(), 2U);
    EXPECT_TRUE(config->tuning.has_value());
    EXPECT_TRUE(config->measure.has_value());
  }
}

TEST(LifecycleConfig, SettingsBecomeTheWordsOfCommands) {
  const Result<Config> config = parse_config(dump_json(least()), "c.json");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->baseline.words(),
            (std::vector<std::string>{"--epochs", "1.5", "--batch-size", "8", "--learning-rate", "0.0001"}));
  EXPECT_EQ(config->baseline.number("batch_size"), 8);
  EXPECT_EQ(config->baseline.number("patience"), std::nullopt);
  EXPECT_EQ(config->output, "runs/lifecycle-test");
  EXPECT_FALSE(config->tuning.has_value());
}

TEST(LifecycleConfig, EachMistakeIsNamedWithItsPlace) {
  expect_refused({{"name", "a/b"}}, "name: \"a/b\"");
  expect_refused({{"data", {{"fetch", "imdb"}}}}, "data: expected either");
  expect_refused({{"data", {{"path", nullptr}, {"fetch", "mnist"}}}}, "data.fetch: is \"mnist\"; expected imdb");
  expect_refused({{"base", {{"otherwise", "x"}}}}, "base.otherwise: goes with");
  expect_refused({{"baseline", {{"epochs", 0}}}}, "baseline.epochs: is 0; expected a number above 0");
  expect_refused({{"baseline", {{"batch_size", 2.5}}}}, "baseline.batch_size: is 2.5; expected a whole number");
  expect_refused({{"baseline", {{"lerning_rate", 1}}}}, "baseline.lerning_rate: is no member of this section");
  expect_refused({{"baseline", {{"precision", "fp8"}}}}, "baseline.precision: is \"fp8\"; expected fp32 or bf16");
  expect_refused({{"max_length", 4}}, "max_length: is 4");
  expect_refused({{"truncation", "tail"}}, "truncation: is \"tail\"");
  expect_refused({{"extra", 1}}, "extra: is no member");
  expect_refused({{"exports", {"fp16", "fp16"}}}, "exports: has \"fp16\" twice");
  expect_refused({{"exports", {"int4"}}}, "exports: holds \"int4\"");
  expect_refused({{"measure", true}}, "prompts: is missing");
  expect_refused({{"browser", true}}, "browser: needs \"exports\"");
  expect_refused({{"tuning", {{"learning_rate", {1e-4, "x"}}}}}, "tuning.learning_rate: holds \"x\"");
  expect_refused({{"tuning", {{"learning_rate", Json::array()}}}}, "tuning.learning_rate: is empty");
  expect_refused({{"place", {{"country", 5}}}}, "place.country: expected a text");
  const auto forms = [](const Json& form) { return Json{{"pruning", Json::array({form})}}; };
  expect_refused(forms({{"method", "magnitude"}}), "pruning[0].id: is missing");
  expect_refused(forms({{"id", "dense"}, {"method", "magnitude"}}), "pruning[0].id: \"dense\" is taken");
  expect_refused(forms({{"id", "x"}, {"method", "magic"}}), "pruning[0].method: is \"magic\"");
  expect_refused(forms({{"id", "x"}, {"method", "magnitude"}, {"sparsity", 1}}),
                 "pruning[0].sparsity: is 1; expected a number above 0 and below 1");
  expect_refused(forms({{"id", "x"}, {"method", "magnitude"}, {"keep_flops", 0.5}}), "are of \"structured\"");
  expect_refused(forms({{"id", "x"}, {"method", "structured"}, {"sparsity", 0.5}}), "pruning[0].sparsity");
  expect_refused(forms({{"id", "x"}, {"method", "structured"}, {"keep_flops", 0.5}, {"keep_parameters", 0.5}}),
                 "more than one of");
  expect_refused(forms({{"id", "x"}, {"method", "structured"}, {"keep_latency", 0.5}}), "go together");
  expect_refused(forms({{"id", "x"}, {"method", "magnitude"}, {"recovery", {{"epochs", -1}}}}),
                 "pruning[0].recovery.epochs: is -1");
  expect_refused({{"pruning", {Json{{"id", "x"}, {"method", "magnitude"}}, Json{{"id", "x"}, {"method", "fisher"}}}}},
                 "pruning[1].id: \"x\" is taken");
  for (const char* missing : {"name", "data", "base", "baseline"}) {
    expect_refused({{missing, nullptr}}, std::string(missing) + ": is missing");
  }
}

TEST(LifecycleConfig, OtherVersionsAndNoJson) {
  EXPECT_NE(refusal({{"schema_version", 2}}).find("schema_version is 2"), std::string::npos);
  for (const char* text : {"", "{", "[]", "5", "{\"schema_version\": 1"})
    EXPECT_FALSE(parse_config(text, "c.json").ok()) << text;
}

}  // namespace
}  // namespace coppice::lifecycle
