// coppice compare, from two trained models to the table, the paired report, the flips, the record and the card. The
// models are linear ones, which train in a blink; to the comparison they are models like any.
#include <sstream>

#include "shared/base/json.h"
#include "tests/unit/cli/program.h"

namespace coppice::cli {
namespace {

namespace fs = std::filesystem;

class CompareProgram : public ProgramTest {
 protected:
  void SetUp() override {
    fs::create_directories(folder_.path() / "data");
    folder_.write("data/train.tsv", reviews(300, 1));
    folder_.write("data/validation.tsv", reviews(80, 2));
    folder_.write("data/test.tsv", reviews(200, 3));
    // Pairs of words tell "not good" from "good"; single words do not.
    must(run_coppice("train-linear --data " + at("data") + " --output " + at("models/pairs") +
                     " --hash-bits 12 --l2 1e-3 --country FRA"));
    must(run_coppice("train-linear --data " + at("data") + " --output " + at("models/words") +
                     " --hash-bits 12 --l2 1e-3 --max-ngram 1 --country FRA"));
    for (const char* model : {"pairs", "words"}) {
      must(run_coppice("evaluate --json --record --country FRA --model " + at(std::string("models/") + model) +
                       " --data " + at("data") + " --predictions " + at(std::string(model) + ".jsonl")));
    }
  }

  static void must(const ProgramResult& result) { ASSERT_EQ(result.exit_code, 0) << result.err; }

  static std::string reviews(int count, uint32_t seed) {
    std::string tsv;
    for (int i = 0; i < count; ++i) {
      const bool positive = i % 2 == 1;
      tsv += std::string(positive ? "1" : "0") + "\tThe film";
      for (int w = 0; w < 5; ++w) tsv += " w" + std::to_string((seed = seed * 1664525U + 1013904223U) / 11 % 50);
      tsv += i % 4 >= 2 ? (positive ? " was not bad.\n" : " was not good.\n")
                        : (positive ? " was good!\n" : " was bad?\n");
    }
    return tsv;
  }

  [[nodiscard]] std::string models() const {
    return "compare " + at("models/pairs") + " " + at("models/words") + " --baseline pairs ";
  }
  [[nodiscard]] std::string both() const {
    return "--predictions " + at("pairs.jsonl") + " " + at("words.jsonl") + " ";
  }
};

TEST_F(CompareProgram, FromModelsToTheCard) {
  const ProgramResult table = run_coppice(models());
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_NE(table.out.find("pairs *"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("note: words: its energy was not measured"), std::string::npos) << table.out;

  const Json answer = json_of(
      run_coppice(models() + both() + "--data " + at("data") + " --record --json --flips " + at("flips.jsonl")));
  ASSERT_EQ(answer["comparisons"].size(), 1U);
  const Json& report = answer["comparisons"][0];
  EXPECT_EQ(report["baseline"], "pairs");
  EXPECT_EQ(report["model"], "words");
  EXPECT_EQ(report["n"], 200);
  EXPECT_LT(report["difference"]["high"].get<double>(), 0) << report.dump();
  bool negation_is_worse = false;
  for (const Json& slice : report["slices"]) {
    if (slice["name"] == "1 to 3 negations") negation_is_worse = slice["worse"].get<bool>();
  }
  EXPECT_TRUE(negation_is_worse) << report["slices"].dump(1);

  // Flips are what McNemar's test counts.
  std::istringstream flips(file_content(folder_.path() / "flips.jsonl"));
  int64_t lost = 0;
  int64_t won = 0;
  for (std::string line; std::getline(flips, line);) {
    const Json flip = *parse_json(line, "flips.jsonl");
    (flip["flip"] == "lost" ? lost : won) += 1;
    EXPECT_NE(flip["text"].get<std::string>().find("The film"), std::string::npos);
  }
  EXPECT_EQ(lost, report["mcnemar"]["only_baseline_right"]);
  EXPECT_EQ(won, report["mcnemar"]["only_model_right"]);

  // The card is that of train-linear, made anew with the record's section.
  const std::string card = file_content(folder_.path() / "models/words/README.md");
  EXPECT_NE(card.find("## Against `pairs`"), std::string::npos) << card;
  EXPECT_NE(card.find("| 1 to 3 negations |"), std::string::npos) << card;
  const ProgramResult checked = run_coppice("catalog --models " + at("models"));
  EXPECT_EQ(checked.exit_code, 0) << checked.err;

  const ProgramResult csv = run_coppice(models() + "--csv");
  EXPECT_EQ(csv.out.substr(0, 13), "model,parent,") << csv.out;
}

TEST_F(CompareProgram, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(run_coppice("compare").exit_code, 2);
  EXPECT_EQ(run_coppice(models() + "--json --csv").exit_code, 2);
  EXPECT_EQ(run_coppice(models() + "--record").exit_code, 2);
  EXPECT_EQ(run_coppice(models() + both() + "--margin 0").exit_code, 2);
  EXPECT_EQ(run_coppice(models() + "--predictions " + at("pairs.jsonl")).exit_code, 2);
  EXPECT_EQ(run_coppice(models() + "--predictions " + at("words.jsonl")).exit_code, 2);
  EXPECT_EQ(run_coppice("compare " + at("nothing")).exit_code, 3);

  // Another model's predictions under this one's name are found out before anything is recorded.
  const ProgramResult swapped =
      run_coppice(models() + "--record --predictions pairs=" + at("words.jsonl") + " words=" + at("pairs.jsonl"));
  EXPECT_EQ(swapped.exit_code, 3);
  EXPECT_NE(swapped.err.find("other weights"), std::string::npos) << swapped.err;

  // A line less, and other data.
  std::string lines = file_content(folder_.path() / "words.jsonl");
  lines.erase(lines.rfind('\n', lines.size() - 2) + 1);
  folder_.write("short.jsonl", lines);
  const ProgramResult cut = run_coppice(models() + "--predictions " + at("pairs.jsonl") + " " + at("short.jsonl"));
  EXPECT_EQ(cut.exit_code, 3);
  EXPECT_NE(cut.err.find("lines are missing"), std::string::npos) << cut.err;
  folder_.write("data/test.tsv", reviews(200, 4));
  const ProgramResult other = run_coppice(models() + both() + "--data " + at("data"));
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_NE(other.err.find("another text"), std::string::npos) << other.err;
  EXPECT_FALSE(fs::exists(folder_.path() / "models/words/README.md") &&
               file_content(folder_.path() / "models/words/README.md").find("## Against") != std::string::npos);
}

}  // namespace
}  // namespace coppice::cli
