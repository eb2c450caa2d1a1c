// The C library's verdicts and estimates, on shipped models. What it refuses: folder_test.cpp.
#include "shared/core_api/core.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <thread>

#include "shared/base/json.h"
#include "shared/energy/carbon.h"
#include "shared/energy/inference/time_power.h"
#include "shared/linear/linear_model.h"
#include "tests/unit/core_api/files_of.h"

namespace {

using namespace coppice::test;
using coppice::Json;
using coppice::OrderedJson;

constexpr const char* kGolden = "tests/golden/core_golden.json";

// Unoptimised kernels with checks in them take a second for a sentence, a minute for the longest input.
#ifdef COPPICE_FEW_TEXTS
constexpr size_t kTexts = 4;
constexpr bool kLongTexts = false;
#else
constexpr size_t kTexts = 50;
constexpr bool kLongTexts = true;
#endif

std::vector<std::string> texts() {
  std::vector<std::string> found;
  std::istringstream lines(content_of("tests/data/hard_prompts/prompts.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    found.push_back((*coppice::parse_json(line, "prompts"))["text"].get<std::string>());
  }
  return found;
}

Json golden_of(const char* path) {
  auto json = coppice::parse_json(content_of(path), path);
  EXPECT_TRUE(json.ok());
  return *json;
}

TEST(CoreLibrary, JudgesAsLibtorchDoes) {
  Model model;
  ASSERT_EQ(create(files_of(kTransformer), model), COPPICE_CORE_OK) << coppice_core_last_error();
  const Json golden = golden_of("tests/golden/engine_golden.json");
  const Json& expected = golden["models"][kTransformer];
  // int8: four times the most that ONNX Runtime differs from itself, as tests/wasm/engine.test.mjs has it.
  const double tolerance = 4 * golden["onnxruntime_and_itself"][kTransformer]["largest"].get<double>();
  const std::vector<std::string> reviews = texts();
  ASSERT_EQ(expected.size(), reviews.size());
  for (size_t i = 0; i < kTexts; ++i) {
    const coppice_core_verdict verdict = verdict_of(model.handle, reviews[i]);
    for (int c = 0; c < 2; ++c) EXPECT_NEAR(verdict.logits[c], expected[i][c].get<double>(), tolerance) << reviews[i];
    const int label = expected[i][1] > expected[i][0] ? 1 : 0;
    EXPECT_EQ(verdict.class_index, label) << reviews[i];
    EXPECT_STREQ(verdict.label, label == 1 ? "positive" : "negative");
    const double odds = std::exp(static_cast<double>(verdict.logits[label]) - verdict.logits[1 - label]);
    EXPECT_NEAR(verdict.probability, odds / (1 + odds), 1e-9);
    EXPECT_GT(verdict.milliseconds, 0);
    EXPECT_EQ(verdict.truncated, 0);
    EXPECT_EQ(verdict.tokens, verdict.tokens_whole);
  }
}

TEST(CoreLibrary, LinearModelsJudgeBitForBit) {
  const Files files = files_of(kLinear);
  Model model;
  ASSERT_EQ(create(files, model, true), COPPICE_CORE_OK) << coppice_core_last_error();
  const std::string& weights = files.at("model.safetensors");
  const auto expected = coppice::linear::LinearModel::create(
      files.at("config.json"), std::as_bytes(std::span(weights.data(), weights.size())), "x");
  ASSERT_TRUE(expected.ok());
  for (const std::string& text : texts()) {
    const coppice_core_verdict verdict = verdict_of(model.handle, text);
    const auto judgement = expected->judge(text);
    EXPECT_EQ(verdict.logits[0], judgement.logits[0]);
    EXPECT_EQ(verdict.logits[1], judgement.logits[1]);
    EXPECT_EQ(verdict.tokens, judgement.words);
  }
}

// A word that is cut at 100 characters, and more tokens than a transformer reads.
std::string long_text() {
  std::string text = std::string(20000, 'a') + " film ";
  for (int i = 0; i < 700; ++i) text += "not a bad film at all ";
  return text;
}

// What tests/wasm/core-library.test.mjs holds the module to; recorded here by COPPICE_UPDATE_GOLDEN=1.
TEST(CoreLibrary, GivesTheGoldenAnswers) {
  const bool update = std::getenv("COPPICE_UPDATE_GOLDEN") != nullptr;
  const std::vector<std::string> reviews = {"", "A quiet, lovely film.", "Don't bother.",
                                            "\xe5\xa5\xbd\xe7\x9c\x8b! \xf0\x9f\x98\x80", long_text()};
  OrderedJson found;
  for (const char* name : {kLinear, kTransformer}) {
    Model model;
    ASSERT_EQ(create(files_of(name), model, true), COPPICE_CORE_OK) << coppice_core_last_error();
    OrderedJson& answers = found[name] = OrderedJson::array();
    for (const std::string& text : reviews) {
      if (text.size() > 1000 && name == kTransformer && !kLongTexts && !update) continue;
      const coppice_core_verdict verdict = verdict_of(model.handle, text);
      answers.push_back({{"text", text},
                         {"label", verdict.label},
                         {"logits", {verdict.logits[0], verdict.logits[1]}},
                         {"tokens", verdict.tokens},
                         {"tokensWhole", verdict.tokens_whole},
                         {"truncated", verdict.truncated == 1}});
    }
  }
  if (update) std::ofstream(kGolden) << found.dump(1) << "\n";
  const Json golden = golden_of(kGolden);
  for (const char* name : {kLinear, kTransformer}) {
    for (size_t i = 0; i < found[name].size(); ++i) {
      Json mine = found[name][i];
      Json theirs = golden[name][i];
      // Linear models bit for bit; int8 within what one rounding moves (engine_golden.json).
      const double tolerance = name == kLinear ? 0 : 0.3768;
      for (int c = 0; c < 2; ++c) {
        EXPECT_NEAR(mine["logits"][c].get<double>(), theirs["logits"][c].get<double>(), tolerance);
      }
      mine.erase("logits");
      theirs.erase("logits");
      EXPECT_EQ(mine, theirs);
    }
    ASSERT_EQ(golden[name].size(), reviews.size());
  }
  EXPECT_TRUE(golden[kTransformer][4]["truncated"].get<bool>());
}

coppice_core_estimate estimate_of(coppice_core_model* model, const coppice_core_verdict& verdict, const char* device,
                                  const char* country, const char* method) {
  const coppice_core_place place = {sizeof place, device, country, method};
  coppice_core_estimate estimate{};
  estimate.size = sizeof estimate;
  EXPECT_EQ(coppice_core_estimate_energy(model, &verdict, &place, &estimate), COPPICE_CORE_OK)
      << coppice_core_last_error();
  return estimate;
}

TEST(CoreLibrary, EstimatesByThePagesFormulas) {
  Model model;
  ASSERT_EQ(create(files_of(kTransformer), model), COPPICE_CORE_OK) << coppice_core_last_error();
  coppice_core_verdict verdict{};
  verdict.size = sizeof verdict;
  verdict.tokens = 128;
  verdict.milliseconds = 20;
  coppice_core_estimate estimate = estimate_of(model.handle, verdict, "laptop", "FRA", nullptr);
  EXPECT_NEAR(estimate.energy_joules, 0.020 * 75, 1e-12);
  // The clock's step is some nanoseconds.
  EXPECT_NEAR(estimate.energy_low_joules, 0.020 * 50, 1e-4);
  EXPECT_NEAR(estimate.energy_high_joules, 0.020 * 100, 1e-4);
  EXPECT_EQ(estimate.energy_provenance, COPPICE_CORE_MODELLED);
  EXPECT_NE(std::strstr(estimate.energy_method, "time x watts of a laptop"), nullptr) << estimate.energy_method;
  const auto france = coppice::energy::resolve_intensity({.country = "FRA"});
  ASSERT_TRUE(france.ok());
  EXPECT_EQ(estimate.has_carbon, 1);
  EXPECT_EQ(estimate.intensity_grams_per_kwh, france->value.value());
  EXPECT_EQ(estimate.intensity_year, france->year);
  EXPECT_NEAR(estimate.carbon_grams_co2e, estimate.energy_joules / 3.6e6 * france->value.value(), 1e-12);
  EXPECT_LT(estimate.carbon_low_grams_co2e, estimate.carbon_grams_co2e);
  EXPECT_LT(estimate.carbon_grams_co2e, estimate.carbon_high_grams_co2e);
  EXPECT_NE(std::strstr(estimate.carbon_method, "France"), nullptr) << estimate.carbon_method;

  estimate = estimate_of(model.handle, verdict, "server", nullptr, "operations");
  EXPECT_EQ(estimate.has_carbon, 0);
  EXPECT_EQ(estimate.carbon_method, nullptr);
  // 18.9 pJ an int8 operation (shared/energy/inference/operations.h) at the manifest's count for 128 tokens.
  const Json manifest = golden_of("models/minilm-l6-imdb-smallest/manifest.json");
  EXPECT_NEAR(estimate.energy_joules, manifest["encoder_flops"]["128"].get<double>() * 18.9e-12, 1e-12);
}

TEST(CoreLibrary, JsonSaysTheSameAsTheStructs) {
  Model model;
  ASSERT_EQ(create(files_of(kLinear), model), COPPICE_CORE_OK) << coppice_core_last_error();
  const std::string text = "A quiet, lovely film.";
  const auto ask = [&](const std::string& place) {
    const char* json = nullptr;
    size_t length = 0;
    EXPECT_EQ(
        coppice_core_classify_json(model.handle, text.data(), text.size(), place.data(), place.size(), &json, &length),
        COPPICE_CORE_OK)
        << coppice_core_last_error();
    EXPECT_EQ(json[length], '\0');
    return *coppice::parse_json({json, length}, "answer");
  };
  const Json answer = ask(R"({"device":"phone","country":"POL"})");
  const coppice_core_verdict verdict = verdict_of(model.handle, text);
  EXPECT_EQ(answer["label"], verdict.label);
  EXPECT_EQ(answer["probability"], verdict.probability);
  EXPECT_EQ(answer["tokens"], verdict.tokens);
  EXPECT_EQ(answer["truncated"], false);
  EXPECT_NEAR(answer["energy"]["joules"].get<double>(), answer["milliseconds"].get<double>() / 1e3, 1e-12);  // 1 W
  EXPECT_EQ(answer["energy"]["provenance"], "modelled");
  EXPECT_EQ(answer["carbon"]["place"], "Poland");
  EXPECT_DOUBLE_EQ(answer["carbon"]["grams"].get<double>(),
                   answer["energy"]["joules"].get<double>() * answer["carbon"]["gramsPerKwh"].get<double>() / 3.6e6);
  for (const char* nothing : {"", "{}", R"({"device":null})"}) {
    EXPECT_EQ(ask(nothing)["energy"], nullptr);
    EXPECT_EQ(ask(nothing)["carbon"], nullptr);
  }
  const char* json = nullptr;
  ASSERT_EQ(coppice_core_model_describe(model.handle, &json, nullptr), COPPICE_CORE_OK);
  const Json about = *coppice::parse_json(json, "about");
  EXPECT_EQ(about["id"], kLinear);
  EXPECT_EQ(about["architecture"], "linear");
  EXPECT_EQ(about["checked"], true);
  ASSERT_EQ(coppice_core_choices(&json, nullptr), COPPICE_CORE_OK);
  const Json choices = *coppice::parse_json(json, "choices");
  EXPECT_EQ(choices["devices"][0]["id"], "laptop");
  EXPECT_EQ(choices["countries"][0]["id"], "WORLD");
  EXPECT_EQ(choices["methods"][0]["id"], "time_power");
}

TEST(CoreLibrary, ThreadsHaveTheirOwnModelsAndErrors) {
  const Files files = files_of(kLinear);
  coppice_core_model_open("no/such/folder", nullptr);
  const std::string mine = coppice_core_last_error();
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      EXPECT_STREQ(coppice_core_last_error(), "");
      Model model;
      ASSERT_EQ(create(files, model), COPPICE_CORE_OK);
      for (int n = 0; n < 20; ++n) EXPECT_STREQ(verdict_of(model.handle, "A lovely film.").label, "positive");
      EXPECT_EQ(coppice_core_classify(model.handle, "x", 1, nullptr), COPPICE_CORE_INVALID_USAGE);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(mine, coppice_core_last_error());
}

// A program built against an earlier version knows fewer members, one against a later version more.
TEST(CoreLibrary, StructsMayGrow) {
  Model model;
  ASSERT_EQ(create(files_of(kLinear), model), COPPICE_CORE_OK);
  coppice_core_verdict shorter{};
  shorter.size = offsetof(coppice_core_verdict, probability);
  shorter.probability = -1;
  ASSERT_EQ(coppice_core_classify(model.handle, "good", 4, &shorter), COPPICE_CORE_OK);
  EXPECT_EQ(shorter.probability, -1);
  EXPECT_EQ(shorter.size, offsetof(coppice_core_verdict, probability));
  struct Longer {
    coppice_core_verdict known;
    double added;
  } longer{};
  longer.known.size = sizeof longer;
  longer.added = -1;
  ASSERT_EQ(coppice_core_classify(model.handle, "good", 4, &longer.known), COPPICE_CORE_OK);
  EXPECT_EQ(longer.added, 0);
  longer.added = 1;
  coppice_core_place place = {sizeof place, "laptop", nullptr, nullptr};
  coppice_core_estimate estimate{};
  estimate.size = sizeof estimate;
  EXPECT_EQ(coppice_core_estimate_energy(model.handle, &longer.known, &place, &estimate), COPPICE_CORE_UNSUPPORTED);
  longer.known.size = 0;
  EXPECT_EQ(coppice_core_classify(model.handle, "good", 4, &longer.known), COPPICE_CORE_INVALID_USAGE);
  expect_error({"coppice_core_verdict", "size is 0"});
}

}  // namespace
