// The linear model through the C ABI, natively, against tests/golden/linear_golden.json, which tests/wasm reads as
// well: bit for bit the same logits on both sides. COPPICE_UPDATE_GOLDEN=1 records the file anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/stable_hash.h"
#include "shared/linear/linear_model.h"
#include "wasm/api/coppice_api.h"

namespace {

using coppice::Json;
using coppice::OrderedJson;

constexpr const char* kGolden = "tests/golden/linear_golden.json";
constexpr const char* kTexts = "tests/golden/tokenizer_golden.jsonl";

std::string read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  EXPECT_FALSE(content.str().empty()) << path;
  return content.str();
}

// tests/e2e/linear-fixture.mjs makes the same: int8 weights from a hash of the bucket's number.
std::string weights_of(int64_t hash_bits) {
  coppice::linear::LinearWeights weights;
  for (uint64_t bucket = 0; bucket < (uint64_t{1} << hash_bits); ++bucket) {
    weights.weight.push_back(static_cast<int8_t>(static_cast<int64_t>(coppice::mix64(bucket + 1) % 255) - 127));
  }
  weights.scale = 0.03125F;
  weights.bias = -0.0625F;
  return to_safetensors(weights);
}

struct Model {
  coppice_linear* handle = nullptr;
  ~Model() { coppice_linear_destroy(handle); }
};

uint32_t bits_of(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

TEST(LinearApi, GivesTheGoldenLogitsBitForBit) {
  OrderedJson golden;
  {
    const auto parsed = coppice::parse_json(read(kGolden), kGolden);
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    golden = OrderedJson(*parsed);
  }
  const std::string config = golden["config"].dump();
  const std::string tensors = weights_of(golden["config"]["hash_bits"].get<int64_t>());
  Model model;
  ASSERT_EQ(coppice_linear_create(config.data(), config.size(), tensors.data(), tensors.size(), &model.handle),
            COPPICE_OK)
      << coppice_last_error();
  OrderedJson results = OrderedJson::array();
  std::istringstream lines(read(kTexts));
  for (std::string line; std::getline(lines, line);) {
    const auto parsed = coppice::parse_json(line, kTexts);
    ASSERT_TRUE(parsed.ok());
    const auto text = (*parsed)["text"].get<std::string>();
    float logits[2] = {0, 0};
    uint32_t words = 0;
    ASSERT_EQ(coppice_linear_judge(model.handle, text.data(), text.size(), logits, &words), COPPICE_OK);
    results.push_back(OrderedJson::array({words, bits_of(logits[0]), bits_of(logits[1])}));
  }
  if (std::getenv("COPPICE_UPDATE_GOLDEN") != nullptr) {
    golden["results"] = results;
    std::ofstream(kGolden) << golden.dump() << '\n';
  }
  ASSERT_EQ(golden["results"].size(), results.size());
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(golden["results"][i], results[i]) << "line " << i + 1 << " of " << kTexts;
  }
}

TEST(LinearApi, RefusesNullAndBytesThatAreNoModel) {
  const std::string config = coppice::dump_json(coppice::linear::to_json(coppice::linear::LinearConfig()));
  Model model;
  float logits[2] = {0, 0};
  uint32_t words = 0;
  EXPECT_EQ(coppice_linear_create(config.data(), config.size(), "x", 1, nullptr), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_linear_create(config.data(), config.size(), nullptr, 0, &model.handle), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_linear_create("{", 1, "x", 1, &model.handle), COPPICE_INVALID_INPUT);
  EXPECT_EQ(coppice_linear_create(config.data(), config.size(), "x", 1, &model.handle), COPPICE_INVALID_INPUT);
  EXPECT_NE(std::string(coppice_last_error()).find("model.safetensors"), std::string::npos) << coppice_last_error();
  // Weights of another size than the configuration says.
  const std::string small = weights_of(8);
  EXPECT_EQ(coppice_linear_create(config.data(), config.size(), small.data(), small.size(), &model.handle),
            COPPICE_INVALID_INPUT);
  EXPECT_EQ(model.handle, nullptr);
  EXPECT_EQ(coppice_linear_judge(nullptr, "a", 1, logits, &words), COPPICE_INVALID_USAGE);
  coppice_linear_destroy(nullptr);
}

}  // namespace
