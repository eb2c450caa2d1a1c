// `coppice measure` of a BERT-type and a linear model in turns: one table, and each folder's manifest with its own
// figures.
#include "shared/base/json.h"
#include "tests/unit/cli/program.h"

namespace coppice::cli {
namespace {

namespace fs = std::filesystem;

class Measure : public ProgramTest {
 protected:
  void SetUp() override {
    write_tiny_base("base", {"good", "bad", "the", "film", "was"});
    fs::create_directories(folder_.path() / "data");
    std::string tsv;
    for (int i = 0; i < 64; ++i) tsv += i % 2 == 1 ? "1\tthe film was good\n" : "0\tthe film was bad\n";
    folder_.write("data/train.tsv", tsv);
    folder_.write("data/validation.tsv", tsv);
  }
};

TEST_F(Measure, TakesBothKindsInTurns) {
  const std::string data = " --data " + at("data") + " --output ";
  const ProgramResult bert = run_coppice("train --base " + at("base") + data + at("bert") +
                                         " --max-length 16 --batch-size 8 --learning-rate 0.01 --epochs 4");
  ASSERT_EQ(bert.exit_code, 0) << bert.err;
  const ProgramResult linear = run_coppice("train-linear" + data + at("linear") + " --hash-bits 10 --l2 1e-3");
  ASSERT_EQ(linear.exit_code, 0) << linear.err;
  // The third text has no word for the linear model, and so no length to list its energy under.
  folder_.write("prompts.txt", "the film was good\nthe film was bad and it was bad again\n...\n");
  const ProgramResult measured =
      run_coppice("measure --model " + at("bert") + " --model " + at("linear") + " --prompts " + at("prompts.txt") +
                  " --repeats 3 --idle-seconds 0 --record --json");
  ASSERT_EQ(measured.exit_code, 0) << measured.err;
  const Json models = (*parse_json(measured.out, "standard output"))["models"];
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0]["engine"], "libtorch");
  EXPECT_EQ(models[1]["engine"], "core");
  for (const Json& model : models) {
    ASSERT_EQ(model["prompts"].size(), 3U);
    EXPECT_EQ(model["prompts"][0]["label"], "positive") << model["model"];
    EXPECT_EQ(model["prompts"][1]["label"], "negative") << model["model"];
    for (const Json& prompt : model["prompts"]) {
      EXPECT_EQ(prompt["repeats"], 3);
      EXPECT_GT(prompt["median_ms"].get<double>(), 0);
      EXPECT_TRUE(prompt.contains("energy_joules"));
    }
  }
  EXPECT_EQ(models[0]["prompts"][0]["tokens"], 6);  // [CLS] and [SEP] with the four words
  EXPECT_EQ(models[1]["prompts"][0]["tokens"], 4);
  const fs::path path = folder_.path() / "linear" / "manifest.json";
  const Json manifest = *parse_json(file_content(path), path.string());
  ASSERT_EQ(manifest["energy"]["inference"].size(), 2U);
  EXPECT_EQ(manifest["energy"]["inference"][0]["tokens"], 4);
}

}  // namespace
}  // namespace coppice::cli
