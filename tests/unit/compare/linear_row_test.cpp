// A linear model among the others: described by its config.json, loaded and run by the core, read in words.
#include <gtest/gtest.h>

#include "shared/base/json.h"
#include "shared/compare/cells.h"
#include "shared/compare/messages.h"
#include "tests/unit/compare/fixture.h"

namespace coppice::compare {
namespace {

const std::string kConfig =
    R"({"model_type":"coppice_linear","version":1,"words":"coppice_words_1","hash":"fnv1a_mix64_1",
    "hash_bits":8,"max_ngram":2,"weighting":"binary","norm":"l2","id2label":{"0":"negative","1":"positive"}})";

std::string linear_manifest(const std::string& format = "safetensors", const std::string& config_name = "config.json") {
  return R"({"schema_version":1,"architecture":"linear","id":"small","program_version":"0.1.0",
    "plan":[{"kind":"train","run":"runs/t.json","settings":{}}],"labels":["negative","positive"],
    "weights":[{"path":"model.safetensors","format":")" +
         format + R"(","dtype":"I8"}],"files":[{"path":")" + config_name + R"(","bytes":236,"sha256":")" +
         hash_of('c') + R"("},{"path":"model.safetensors","bytes":1000,"sha256":")" + hash_of('d') +
         R"("}],"parameters":{"total":258},"metrics":{"accuracy":{"value":0.91,"low":0.907,"high":0.913}},
    "test_set":{"name":"imdb","split":"test","examples":25000}})";
}

// "dense" as always; "small" is linear. Requests left over are returned.
std::vector<Request> describe(Driver& driver, const std::string& manifest = linear_manifest(),
                              const std::string& config = kConfig) {
  std::vector<Request> rest;
  for (;;) {
    const std::vector<Request> requests = driver.take();
    if (requests.empty()) return rest;
    for (const Request& request : requests) {
      if (request.path == "small/config.json") {
        EXPECT_EQ(request.sha256, hash_of('c'));
        driver.comparison.fetched(request.id, config);
      } else if (request.path == "small/manifest.json") {
        driver.comparison.fetched(request.id, manifest);
      } else if (request.path == "dense/manifest.json") {
        driver.comparison.fetched(request.id, manifest_text("dense", 2000));
      } else if (request.path == "catalog.json") {
        driver.comparison.fetched(request.id, catalog_text());
      } else if (request.kind == RequestKind::kFetch) {
        driver.comparison.fetched(request.id, vocabulary_text());
      } else if (request.kind == RequestKind::kProbe) {
        driver.comparison.probed(request.id, false);
      } else {
        rest.push_back(request);
      }
    }
  }
}

std::string cell(const Driver& driver, size_t row, const std::string& key) {
  for (const Cell& found : cells_of(driver.row(row), driver.comparison.state())) {
    if (found.key == key) return found.text;
  }
  return "no such cell";
}

TEST(LinearRow, IsLoadedAndRunByTheCoreWithTheTextItself) {
  Driver driver;
  describe(driver);
  driver.comparison.set_text("It isn't <br />good!");
  EXPECT_EQ(driver.row(1).tokens, 4);
  EXPECT_FALSE(driver.row(1).truncated);
  EXPECT_EQ(cell(driver, 1, "tokens"), "4 words, no limit");
  ASSERT_TRUE(driver.comparison.start().ok());
  const Request load = driver.take().at(0);
  EXPECT_EQ(load.path, "small/model.safetensors");
  EXPECT_EQ(load.sha256, hash_of('d'));
  const std::string load_json = to_json(load);
  EXPECT_NE(load_json.find(R"("engine":"core")"), std::string::npos) << load_json;
  EXPECT_NE(load_json.find("fnv1a_mix64_1"), std::string::npos) << load_json;
  driver.comparison.loaded(load.id, true);
  const std::vector<Request> next = driver.take();
  ASSERT_EQ(next.size(), 2U);
  EXPECT_EQ(to_json(next[0]).find("engine"), std::string::npos) << "a transformer's load";
  EXPECT_EQ(to_json(next[1]), R"({"id":)" + std::to_string(next[1].id) +
                                  R"(,"kind":"run","model":"small","text":"It isn't <br />good!"})");
  ASSERT_TRUE(apply_event(R"({"type":"run_done","id":)" + std::to_string(next[1].id) +
                              R"(,"logits":[-0.5,0.5],"milliseconds":0.0041,"runs":2500})",
                          driver.comparison)
                  .ok());
  EXPECT_EQ(driver.row(1).verdict->label, "positive");
  EXPECT_EQ(cell(driver, 1, "runtime"), "Coppice's core, 1 thread");
}

TEST(LinearRow, IsTimedInTurnAndSaysHowManyRunsATimeIsTheMeanOf) {
  Driver driver;
  describe(driver);
  ASSERT_TRUE(driver.comparison.set_repeats(2).ok());
  driver.comparison.set_text("good");
  ASSERT_TRUE(driver.comparison.start().ok());
  for (std::vector<Request> requests = driver.take(); !requests.empty(); requests = driver.take()) {
    for (const Request& request : requests) {
      if (request.kind == RequestKind::kLoad) driver.comparison.loaded(request.id, true);
      if (request.kind != RequestKind::kRun) continue;
      const bool linear = request.by_core;
      driver.comparison.run_done(request.id, {0.0, 1.0}, linear ? 0.0412 : 150.0, linear ? 2500 : 1);
    }
  }
  EXPECT_EQ(driver.comparison.state().phase, RunPhase::kDone);
  EXPECT_EQ(driver.row(1).runs_per_time, 2500);
  EXPECT_EQ(driver.row(0).runs_per_time, 1);
  EXPECT_EQ(cell(driver, 1, "time"), "0.0412 ms (0.0412 ms to 0.0412 ms)");
  // The laptop's 75 W for 0.0412 ms, from the same code.
  EXPECT_NEAR(driver.row(1).estimate->energy.value.value(), 75 * 0.0412e-3, 1e-12);
  EXPECT_EQ(driver.comparison.state().headline,
            "Both models say positive. small takes 1/3,600 of the time of dense, and by the estimate the same share of "
            "its energy.");
}

TEST(LinearRow, IsABaselineAndTheOnlyModelLikeAnyOther) {
  Driver driver;
  describe(driver);
  ASSERT_TRUE(driver.comparison.set_repeats(1).ok());
  ASSERT_TRUE(driver.comparison.select_model("dense", false).ok());
  driver.comparison.set_text("good");
  ASSERT_TRUE(driver.comparison.start().ok());
  for (std::vector<Request> requests = driver.take(); !requests.empty(); requests = driver.take()) {
    for (const Request& request : requests) {
      if (request.kind == RequestKind::kLoad) driver.comparison.loaded(request.id, true);
      if (request.kind == RequestKind::kRun) driver.comparison.run_done(request.id, {1.0, 0.0}, 0.005, 100);
    }
  }
  EXPECT_EQ(driver.comparison.state().headline, "small says negative.");
  EXPECT_FALSE(driver.row(1).against_baseline.has_value());
  EXPECT_TRUE(driver.row(1).estimate.has_value());
}

TEST(LinearRow, RefusesWhatItCannotRunBeforeTheWeightsAreFetched) {
  const auto problem_of = [](const std::string& manifest, const std::string& config) {
    Driver driver;
    describe(driver, manifest, config);
    EXPECT_EQ(driver.row(1).phase, ModelPhase::kFailed);
    EXPECT_EQ(driver.row(0).phase, ModelPhase::kOffered);
    return driver.row(1).problem;
  };
  std::string newer = kConfig;
  newer.replace(newer.find("\"version\":1"), 11, "\"version\":2");
  EXPECT_NE(problem_of(linear_manifest(), newer).find("small/config.json"), std::string::npos);
  EXPECT_NE(problem_of(linear_manifest("onnx"), kConfig).find("safetensors"), std::string::npos);
  EXPECT_NE(problem_of(linear_manifest("safetensors", "other.json"), kConfig).find("config.json is missing"),
            std::string::npos);
}

}  // namespace
}  // namespace coppice::compare
