// coppice predict, evaluate and measure --engine core: the shipped models against logits that libtorch gave, in the
// real program, which must not start coppice-torch.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "shared/base/json.h"
#include "tests/unit/cli/program.h"

namespace coppice::cli {
namespace {

// How many of the golden file's texts are asked: without optimisation and with sanitizers one takes seconds.
#ifdef NDEBUG
constexpr size_t kTexts = 50;
const std::string kRuns = " --repeats 3 --warmup 1";
#else
constexpr size_t kTexts = 1;
const std::string kRuns = " --repeats 3 --warmup 0";
#endif

// The first `count` of the texts that the golden file answers, in a file of the folder.
std::string prompts(const ScratchFolder& folder, size_t count = kTexts) {
  std::istringstream all(file_content("tests/data/hard_prompts/prompts.jsonl"));
  std::string lines;
  std::string line;
  for (size_t i = 0; i < count && std::getline(all, line); ++i) lines += line + "\n";
  return "'" + folder.write("prompts.jsonl", lines) + "'";
}

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

// by: "models", which are libtorch's logits, or "core", this engine's.
Json golden_of(const std::string& model, const std::string& by = "models") {
  return Json::parse(file_content("tests/golden/engine_golden.json"), nullptr, false)[by][model];
}

double largest_difference(const Json& logits, const Json& expected) {
  double largest = 0;
  for (size_t c = 0; c < 2; ++c) {
    largest = std::max(largest, std::abs(logits[c].get<double>() - expected[c].get<double>()));
  }
  return largest;
}

// In units in the last place of a text's larger logit, or of 1 where that is smaller.
double in_ulps(double apart, const Json& logits) {
  const double larger = std::max({1.0, std::abs(logits[0].get<double>()), std::abs(logits[1].get<double>())});
  return apart / std::exp2(std::floor(std::log2(larger)) - 23);
}

// Largest difference of a logit from the golden file's, mean and median over the texts of each one's largest, and how
// many verdicts differ.
struct Difference {
  std::vector<double> ulps;  // of each text, in order of size
  double logit = 0;
  double mean = 0;
  double median = 0;
  int verdicts = 0;
};
Difference against_golden(const std::string& model, const std::string& options, const std::string& by = "models") {
  const ScratchFolder folder;
  const ProgramResult result = run_coppice("predict --engine core --json --model models/" + model + " --file " +
                                           prompts(folder) + " " + options);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::vector<Json> answers = json_lines(result.out);
  const Json expected = golden_of(model, by);
  EXPECT_EQ(answers.size(), kTexts);
  Difference difference;
  std::vector<double> all;
  for (size_t i = 0; i < std::min(answers.size(), expected.size()); ++i) {
    const Json& logits = answers[i]["logits"];
    const double largest = largest_difference(logits, expected[i]);
    all.push_back(largest);
    difference.ulps.push_back(in_ulps(largest, expected[i]));
    difference.logit = std::max(difference.logit, largest);
    difference.mean += largest / static_cast<double>(kTexts);
    const bool positive = logits[1].get<double>() > logits[0].get<double>();
    difference.verdicts += positive != (expected[i][1].get<double>() > expected[i][0].get<double>()) ? 1 : 0;
    EXPECT_EQ(answers[i]["label"], positive ? "positive" : "negative");
    EXPECT_EQ(answers[i]["engine"], "core");
  }
  std::sort(all.begin(), all.end());
  std::sort(difference.ulps.begin(), difference.ulps.end());
  if (!all.empty()) difference.median = all[all.size() / 2];
  return difference;
}

TEST_F(EngineCore, Float32LogitsAreThoseOfLibtorch) {
  for (const char* threads : {"--threads 1", "--threads 3"}) {
    const Difference difference = against_golden("minilm-l6-imdb", threads);
    EXPECT_LE(difference.logit, 1e-4);
    EXPECT_EQ(difference.verdicts, 0);
  }
}

// Where the last bits of float32 differ, a value near the middle of two of 256 steps is rounded the other way, and all
// that follows moves. The bound is four times the most that ONNX Runtime differs from itself on these texts, with the
// last bits of the file's scales moved and its optimiser on or off (tests/bench/engine/parity.mjs, which says more).
TEST_F(EngineCore, Int8LogitsAreThoseOfTheFilesArithmetic) {
  const Json golden = Json::parse(file_content("tests/golden/engine_golden.json"), nullptr, false);
  const Json& variation = golden["onnxruntime_and_itself"]["minilm-l6-imdb-half-int8"];
  const Difference difference = against_golden("minilm-l6-imdb-half-int8", "");
  EXPECT_LE(difference.logit, 4 * variation["largest"].get<double>());
  EXPECT_LE(difference.mean, 4 * variation["mean"].get<double>());
  // Of most texts nothing is rounded the other way.
  if (kTexts == 50) {
    EXPECT_LE(difference.median, 1e-4);
  }
  EXPECT_EQ(difference.verdicts, 0);
}

// What the golden's machine said, which had AVX-512, and what WebAssembly is held to (tests/wasm/engine.test.mjs). A
// byte that is rounded the other way moves one text of ten at most.
TEST_F(EngineCore, LogitsAreThoseOfOtherInstructionSetsWithinUlps) {
  const Difference float32 = against_golden("minilm-l6-imdb", "--threads 2", "core");
  ASSERT_FALSE(float32.ulps.empty());
  EXPECT_LE(float32.ulps.back(), 48);
  for (const char* model : {"minilm-l6-imdb-half-int8", "minilm-l6-imdb-smallest"}) {
    const Difference int8 = against_golden(model, "--threads 2", "core");
    ASSERT_FALSE(int8.ulps.empty());
    if (kTexts == 50) {
      EXPECT_LE(int8.ulps[44], 8) << model;
    }
  }
}

TEST_F(EngineCore, EvaluatesAndComparesWithAnother) {
  const ScratchFolder folder;
  const std::string predictions = (folder.path() / "predictions.jsonl").string();
  const ProgramResult result =
      run_coppice("evaluate --engine core --json --model models/minilm-l6-imdb --against models/linear-ngrams --data " +
                  prompts(folder) + " --threads 3 --predictions '" + predictions + "'");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json answer = Json::parse(result.out, nullptr, false);
  EXPECT_EQ(answer["n"], kTexts);
  EXPECT_EQ(answer["engine"], "core");
  EXPECT_EQ(answer["arithmetic"], "float32");
  EXPECT_EQ(answer["against"]["model"], "linear-ngrams");
  // Packed with others and on three threads: the logits of libtorch all the same, in the order of the file.
  const std::vector<Json> lines = json_lines(file_content(predictions));
  const Json golden = golden_of("minilm-l6-imdb");
  ASSERT_EQ(lines.size(), kTexts);
  for (size_t i = 0; i < lines.size(); ++i) EXPECT_LE(largest_difference(lines[i]["logits"], golden[i]), 1e-4) << i;
}

// Of a copy that has no other evaluation: a smaller one would not replace it.
TEST_F(EngineCore, RecordsAndManifestNameTheEngine) {
  const ScratchFolder folder;
  const std::filesystem::path model = folder.path() / "half";
  std::filesystem::copy("models/minilm-l6-imdb-half-int8", model, std::filesystem::copy_options::recursive);
  Json without = Json::parse(file_content(model / "manifest.json"), nullptr, false);
  for (const char* name : {"evaluation", "metrics", "test_set"}) without.erase(name);
  Json files = Json::array();
  for (const Json& file : without["files"]) {
    const auto path = file["path"].get<std::string>();
    if (path.starts_with("runs/evaluate")) {
      std::filesystem::remove(model / path);
    } else {
      files.push_back(file);
    }
  }
  without["files"] = files;
  folder.write("half/manifest.json", without.dump());
  folder.write("test.tsv", "1\tA quiet, beautiful film.\n0\tDull from start to end.\n");
  const ProgramResult evaluated = run_coppice("evaluate --engine core --record --json --model '" + model.string() +
                                              "' --data '" + folder.path().string() + "' --split test --threads 2");
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_EQ(Json::parse(evaluated.out, nullptr, false)["arithmetic"], "int8 weights and activations");
  const ProgramResult measured = run_coppice("measure --engine core --record --json --model '" + model.string() +
                                             "' --prompts " + prompts(folder, 1) + kRuns + " --idle-seconds 0");
  ASSERT_EQ(measured.exit_code, 0) << measured.err;
  const Json manifest = Json::parse(file_content(model / "manifest.json"), nullptr, false);
  EXPECT_EQ(manifest["evaluation"]["engine"], "core");
  const Json record = Json::parse(file_content(model / manifest["evaluation"]["run"]), nullptr, false);
  EXPECT_EQ(record["settings"]["engine"], "core");
  EXPECT_EQ(record["results"]["engine"], "core");
  ASSERT_FALSE(manifest["energy"]["inference"].empty());
  EXPECT_TRUE(manifest["energy"]["inference"][0]["engine"].get<std::string>().starts_with("core, int8"));
}

TEST_F(EngineCore, MeasuresAndProfiles) {
  const ScratchFolder folder;
  const ProgramResult result = run_coppice(
      "measure --engine core --profile --json --model models/minilm-l6-imdb-half-int8 --model models/linear-ngrams "
      "--prompts " +
      prompts(folder, 1) + kRuns + " --idle-seconds 0 --threads 1");
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
  const ProgramResult profile = run_coppice("measure --profile --model models/minilm-l6-imdb --prompts x.jsonl");
  EXPECT_EQ(profile.exit_code, 2);
  EXPECT_NE(profile.err.find("--engine core"), std::string::npos) << profile.err;
}

}  // namespace
}  // namespace coppice::cli
