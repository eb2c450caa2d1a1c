// The engine through the C ABI, natively, with a shipped model. What it says of broken bytes is in
// tests/golden/engine_refusals.json, which tests/wasm reads as well. COPPICE_UPDATE_GOLDEN=1 records the file anew.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "shared/base/json.h"
#include "shared/engine/classifier.h"
#include "wasm/api/coppice_api.h"
#include "wasm/platform/clock.h"

// The browser's clock is Emscripten's.
double coppice::platform::seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

namespace {

using coppice::Json;
using coppice::OrderedJson;

constexpr const char* kFolder = "models/minilm-l6-imdb-smallest/";
constexpr const char* kGolden = "tests/golden/engine_refusals.json";

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  EXPECT_FALSE(content.str().empty()) << path;
  return content.str();
}

struct Engine {
  coppice_engine* handle = nullptr;
  ~Engine() { coppice_engine_destroy(handle); }
};

// As JavaScript does: the file in memory of coppice_alloc, which the engine takes over.
coppice_status create(const std::string& config, const std::string& weights, Engine& engine, uint32_t most_tokens = 0) {
  void* memory = coppice_alloc(weights.empty() ? 1 : weights.size());
  std::memcpy(memory, weights.data(), weights.size());
  return coppice_engine_create(config.data(), config.size(), memory, weights.size(), "smallest/onnx/model.onnx",
                               most_tokens, &engine.handle);
}

const std::vector<int32_t> kReview = {101, 1037, 2204, 2143, 1012, 102};

TEST(EngineApi, GivesTheLogitsOfTheClassifierBitForBit) {
  const std::string config_json = read_file(std::string(kFolder) + "config.json");
  const std::string weights = read_file(std::string(kFolder) + "onnx/model.onnx");
  Engine engine;
  ASSERT_EQ(create(config_json, weights, engine, 8), COPPICE_OK) << coppice_last_error();
  std::array<float, 2> logits{};
  ASSERT_EQ(coppice_engine_classify(engine.handle, kReview.data(), kReview.size(), logits.data()), COPPICE_OK);

  namespace core = coppice::engine;
  const auto config = coppice::records::parse_bert_config(config_json, "config.json");
  ASSERT_TRUE(config.ok());
  const auto classifier = core::Classifier::load(*config, std::as_bytes(std::span<const char>(weights)), "model", {});
  ASSERT_TRUE(classifier.ok());
  auto session = core::Session::create(*classifier, {.most_tokens = 8});
  ASSERT_TRUE(session.ok());
  const std::span<const int32_t> review(kReview);
  std::array<float, 2> expected{};
  ASSERT_TRUE(session->classify({&review, 1}, {&expected, 1}).ok());
  EXPECT_EQ(logits, expected);

  const char* json = nullptr;
  size_t length = 0;
  ASSERT_EQ(coppice_engine_about(&json, &length), COPPICE_OK);
  const auto about = coppice::parse_json({json, length}, "about");
  ASSERT_TRUE(about.ok());
  EXPECT_EQ((*about)["instruction_set"], core::kernels::instruction_set());
  EXPECT_EQ((*about)["version"], COPPICE_VERSION);
  ASSERT_EQ(coppice_engine_profile(engine.handle, &json, &length), COPPICE_OK);
  const auto profile = coppice::parse_json({json, length}, "profile");
  ASSERT_TRUE(profile.ok());
  EXPECT_EQ((*profile)["reviews"], 1);
  EXPECT_EQ((*profile)["tokens"], kReview.size());
  EXPECT_EQ((*profile)["arithmetic"], "int8 weights and activations of static scale");
  ASSERT_EQ((*profile)["operators"].size(), core::kOperators);
  double milliseconds = 0;
  for (const Json& entry : (*profile)["operators"]) milliseconds += entry["milliseconds"].get<double>();
  EXPECT_GT(milliseconds, 0);
  double by_layer = 0;
  for (const Json& layer : (*profile)["layers"]) by_layer += layer["milliseconds"].get<double>();
  EXPECT_NEAR(by_layer, milliseconds, 1e-6 * milliseconds);
  EXPECT_TRUE((*profile)["layers"].back()["formats"].empty());
  EXPECT_GT((*profile)["peak_gflops"]["int8"].get<double>(), 0);
  // The file itself, scales and sums beside it, and the tables in float32.
  EXPECT_LT((*profile)["weights_bytes"].get<double>(), 1.15 * static_cast<double>(weights.size()));
}

TEST(EngineApi, RefusesWhatItCannotTake) {
  const std::string config = read_file(std::string(kFolder) + "config.json");
  const std::string weights = read_file(std::string(kFolder) + "onnx/model.onnx");
  Engine engine;
  EXPECT_EQ(coppice_engine_create(config.data(), config.size(), nullptr, 0, "m", 0, &engine.handle),
            COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_engine_create(config.data(), config.size(), coppice_alloc(3), 3, nullptr, 0, &engine.handle),
            COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_engine_create(config.data(), config.size(), coppice_alloc(3), 3, "m", 0, nullptr),
            COPPICE_INVALID_USAGE);
  EXPECT_EQ(create("{", weights, engine), COPPICE_INVALID_INPUT);
  EXPECT_EQ(engine.handle, nullptr);
  ASSERT_EQ(create(config, weights, engine, 6), COPPICE_OK) << coppice_last_error();
  std::array<float, 2> logits{};
  EXPECT_EQ(coppice_engine_classify(nullptr, kReview.data(), kReview.size(), logits.data()), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_engine_classify(engine.handle, kReview.data(), 0, logits.data()), COPPICE_INVALID_INPUT);
  const std::vector<int32_t> strange = {101, 30000, 102};
  EXPECT_EQ(coppice_engine_classify(engine.handle, strange.data(), strange.size(), logits.data()),
            COPPICE_INVALID_INPUT);
  EXPECT_NE(std::strstr(coppice_last_error(), "token id 30000"), nullptr) << coppice_last_error();
  const std::vector<int32_t> longer(7, 102);
  EXPECT_EQ(coppice_engine_classify(engine.handle, longer.data(), longer.size(), logits.data()), COPPICE_INVALID_USAGE);
  const char* json = nullptr;
  size_t length = 0;
  EXPECT_EQ(coppice_engine_profile(nullptr, &json, &length), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_engine_profile(engine.handle, nullptr, &length), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_engine_about(nullptr, &length), COPPICE_INVALID_USAGE);
  coppice_engine_destroy(nullptr);
}

// A case is the file cut to "bytes", with the bytes at places of "set" changed; "status" and "message" are the answer.
OrderedJson make_cases(const std::string& file) {
  OrderedJson cases = OrderedJson::array();
  for (const size_t bytes :
       {size_t{0}, size_t{1}, size_t{8}, size_t{100}, size_t{2000}, file.size() / 3, file.size() - 1}) {
    cases.push_back({{"bytes", bytes}, {"set", OrderedJson::array()}});
  }
  // Round the names of stored tensors, which come after those of the graph's nodes: there their types, shapes, lengths
  // and the names themselves are.
  uint32_t state = 7;
  const auto next = [&] { return (state = state * 1664525U + 1013904223U) >> 8; };
  size_t name = file.rfind("bert.embeddings.word_embeddings.weight");
  for (int i = 0; i < 24; ++i) {
    for (int skip = 0; skip < 5; ++skip) name = std::min(file.find("bert.", name + 1), file.size() - 30);
    const size_t place = i % 3 == 0 ? name + next() % 20 : name - 1 - next() % 12;
    cases.push_back({{"bytes", file.size()}, {"set", OrderedJson::array({{place, next() % 256}})}});
  }
  return cases;
}

TEST(EngineApi, BrokenFilesHaveTheGoldenMessages) {
  const std::string config = read_file(std::string(kFolder) + "config.json");
  const std::string weights = read_file(std::string(kFolder) + "onnx/model.onnx");
  const bool update = std::getenv("COPPICE_UPDATE_GOLDEN") != nullptr;
  OrderedJson cases = make_cases(weights);
  if (!update) {
    const auto golden = coppice::parse_json(read_file(kGolden), kGolden);
    ASSERT_TRUE(golden.ok()) << golden.status().message();
    cases = OrderedJson(*golden)["cases"];
  }
  ASSERT_GT(cases.size(), 20U);
  int refused = 0;
  for (OrderedJson& entry : cases) {
    std::string broken = weights.substr(0, entry["bytes"].get<size_t>());
    for (const OrderedJson& change : entry["set"])
      broken[change[0].get<size_t>()] = static_cast<char>(change[1].get<int>());
    Engine engine;
    const coppice_status status = create(config, broken, engine, 8);
    const std::string message = status == COPPICE_OK ? "" : coppice_last_error();
    refused += status == COPPICE_OK ? 0 : 1;
    if (update) {
      entry["status"] = static_cast<int>(status);
      entry["message"] = message;
    }
    EXPECT_EQ(static_cast<int>(status), entry["status"].get<int>()) << entry;
    EXPECT_EQ(message, entry["message"].get<std::string>()) << entry;
    std::array<float, 2> logits{};
    if (status == COPPICE_OK) coppice_engine_classify(engine.handle, kReview.data(), kReview.size(), logits.data());
  }
  EXPECT_GT(refused, 10);
  if (update) {
    std::ofstream(kGolden) << OrderedJson{{"model", "minilm-l6-imdb-smallest"}, {"cases", cases}}.dump(1) << "\n";
  }
}

}  // namespace
