// coppice predict, evaluate and measure --engine core: the shipped models against logits that libtorch gave, in the
// real program, which must not start coppice-torch.
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "shared/base/json.h"
#include "tests/unit/cli/program.h"

namespace coppice::cli {
namespace {

const std::string kPrompts = "tests/data/hard_prompts/prompts.jsonl";

std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line, nullptr, false));
  return lines;
}

class EngineCore : public ::testing::Test {
 protected:
  void SetUp() override { ::setenv("COPPICE_TORCH_PROGRAM", "/nonexistent/coppice-torch", 1); }
  void TearDown() override { ::unsetenv("COPPICE_TORCH_PROGRAM"); }
};

// Largest difference of a logit from the golden file's, mean over the texts of each one's largest, and how many verdicts
// differ.
struct Difference {
  double logit = 0;
  double mean = 0;
  int verdicts = 0;
};
Difference against_golden(const std::string& model, const std::string& options) {
  const Json golden = Json::parse(file_content("tests/golden/engine_golden.json"), nullptr, false);
  const ProgramResult result =
      run_coppice("predict --engine core --json --model models/" + model + " --file " + kPrompts + " " + options);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::vector<Json> answers = json_lines(result.out);
  const Json& expected = golden["models"][model];
  EXPECT_EQ(answers.size(), expected.size());
  Difference difference;
  for (size_t i = 0; i < std::min(answers.size(), expected.size()); ++i) {
    const Json& logits = answers[i]["logits"];
    double largest = 0;
    for (size_t c = 0; c < 2; ++c) {
      largest = std::max(largest, std::abs(logits[c].get<double>() - expected[i][c].get<double>()));
    }
    difference.logit = std::max(difference.logit, largest);
    difference.mean += largest / static_cast<double>(expected.size());
    const bool positive = logits[1].get<double>() > logits[0].get<double>();
    difference.verdicts += positive != (expected[i][1].get<double>() > expected[i][0].get<double>()) ? 1 : 0;
    EXPECT_EQ(answers[i]["label"], positive ? "positive" : "negative");
  }
  return difference;
}

TEST_F(EngineCore, Float32LogitsAreThoseOfLibtorch) {
  for (const char* threads : {"--threads 1", "--threads 3"}) {
    const Difference difference = against_golden("minilm-l6-imdb", threads);
    EXPECT_LE(difference.logit, 1e-4);
    EXPECT_EQ(difference.verdicts, 0);
  }
}

// Where the last bits of float32 differ, a value between two of 256 steps may be rounded the other way, and so on from
// layer to layer: most texts agree to 1e-3, a few are further apart. Between libtorch and ONNX Runtime it is the same: 0.04
// at most on 26 reviews (native/model/int8_activations.h).
TEST_F(EngineCore, Int8LogitsAreThoseOfTheFilesArithmetic) {
  const Difference difference = against_golden("minilm-l6-imdb-half-int8", "");
  EXPECT_LE(difference.logit, 0.15);
  EXPECT_LE(difference.mean, 0.01);
  EXPECT_EQ(difference.verdicts, 0);
}

TEST_F(EngineCore, EvaluatesAndComparesWithAnother) {
  const ScratchFolder folder;
  const std::string predictions = (folder.path() / "predictions.jsonl").string();
  const ProgramResult result = run_coppice(
      "evaluate --engine core --json --model models/minilm-l6-imdb-half-int8 --against models/linear-ngrams "
      "--data tests/data/imdb_sample/validation.tsv --limit 12 --threads 2 --predictions '" +
      predictions + "'");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json answer = Json::parse(result.out, nullptr, false);
  EXPECT_EQ(answer["n"], 12);
  EXPECT_EQ(answer["engine"], "core");
  EXPECT_EQ(answer["arithmetic"], "int8 weights and activations");
  EXPECT_EQ(answer["against"]["model"], "linear-ngrams");
  const std::vector<Json> lines = json_lines(file_content(predictions));
  ASSERT_EQ(lines.size(), 12U);
  EXPECT_EQ(lines[0]["model"], "minilm-l6-imdb-half-int8");
  // Packed with others and on two threads: the same logits as alone, but for the order of float32's sums in attention.
  EXPECT_TRUE(std::isfinite(lines[11]["logits"][0].get<double>()));
}

TEST_F(EngineCore, MeasuresAndProfiles) {
  const ProgramResult result = run_coppice(
      "measure --engine core --profile --json --model models/minilm-l6-imdb-half-int8 --model models/linear-ngrams "
      "--prompts tests/data/prompts.jsonl --repeats 3 --warmup 1 --idle-seconds 0 --threads 1");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json answer = Json::parse(result.out, nullptr, false)["models"];
  ASSERT_EQ(answer.size(), 2U);
  const Json& profile = answer[0]["profile"];
  ASSERT_EQ(profile["layers"].size(), 5U);  // four, and what is in no layer
  double seconds = 0;
  for (const auto& [name, cost] : profile["operators"].items()) seconds += cost["milliseconds"].get<double>();
  EXPECT_NEAR(seconds, profile["overall"]["milliseconds"].get<double>(), 1e-6 * seconds);
  EXPECT_GT(profile["overall"]["gflops"].get<double>(), 0);
  EXPECT_GT(profile["peak_gflops"]["float32"].get<double>(), 0);
  EXPECT_EQ(profile["layers"][0]["formats"]["output"], "dense int8");
  EXPECT_FALSE(answer[1].contains("profile"));  // a linear model has no operators
}

TEST_F(EngineCore, SaysWhatItCannotDo) {
  EXPECT_EQ(run_coppice("predict --engine torch --model models/minilm-l6-imdb x").exit_code, 2);
  EXPECT_EQ(run_coppice("predict --engine core --model models/minilm-l6-imdb").exit_code, 2);  // no text
  const ProgramResult missing = run_coppice("predict --engine core --model /nonexistent x");
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_NE(missing.err.find("/nonexistent"), std::string::npos) << missing.err;
  const ProgramResult table =
      run_coppice("measure --engine core --model models/minilm-l6-imdb --latency-table /tmp/x.json");
  EXPECT_EQ(table.exit_code, 2);
  const ProgramResult profile = run_coppice("measure --profile --model models/minilm-l6-imdb --prompts " + kPrompts);
  EXPECT_EQ(profile.exit_code, 2);
  EXPECT_NE(profile.err.find("--engine core"), std::string::npos) << profile.err;
}

}  // namespace
}  // namespace coppice::cli
