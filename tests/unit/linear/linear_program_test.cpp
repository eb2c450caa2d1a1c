// The linear model through the programs: train-linear, then evaluate, predict and catalog as for any model, and what is
// refused.
#include "shared/base/json.h"
#include "tests/unit/cli/program.h"

namespace coppice::cli {
namespace {

namespace fs = std::filesystem;

class LinearProgram : public ProgramTest {
 protected:
  void SetUp() override {
    fs::create_directories(folder_.path() / "data");
    folder_.write("data/train.tsv", reviews(300, 1));
    folder_.write("data/validation.tsv", reviews(80, 2));
    folder_.write("data/test.tsv", reviews(120, 3));
  }

  static std::string reviews(int count, uint32_t seed) {
    std::string tsv;
    for (int i = 0; i < count; ++i) {
      const bool positive = i % 2 == 1;
      tsv += std::string(positive ? "1" : "0") + "\tThe film";
      for (int w = 0; w < 5; ++w) tsv += " w" + std::to_string((seed = seed * 1664525U + 1013904223U) / 11 % 50);
      tsv += i % 4 >= 2 ? (positive ? " was not bad.<br />\n" : " was not good.<br />\n")
                        : (positive ? " was good!\n" : " was bad?\n");
    }
    return tsv;
  }

  [[nodiscard]] ProgramResult train(const std::string& output, const std::string& more = "") const {
    return run_coppice("train-linear --data " + at("data") + " --output " + at(output) +
                       " --hash-bits 10,14 --l2 1e-3,1 --country FRA " + more);
  }
};

TEST_F(LinearProgram, FromReviewsToAJudgedAndListedModel) {
  const Json record = json_of(train("models/linear", "--json"));
  EXPECT_EQ(record["kind"], "train");
  EXPECT_EQ(record["outcome"], "finished");
  EXPECT_EQ(record["results"]["candidates"].size(), 4U);
  EXPECT_EQ(record["settings"]["l2"], 1e-3);
  EXPECT_GE(record["results"]["best"]["validation_accuracy"].get<double>(), 0.95);
  EXPECT_GT(record["energy"]["energy_joules"]["value"].get<double>(), 0);
  EXPECT_TRUE(record["energy"].contains("carbon_grams_co2e"));

  const Json manifest = manifest_of("models/linear");
  EXPECT_EQ(manifest["architecture"], "linear");
  EXPECT_EQ(manifest["id"], "linear");
  EXPECT_EQ(manifest["training_data"]["examples"], 300);
  EXPECT_EQ(manifest["weights"][0]["dtype"], "I8");
  EXPECT_TRUE(manifest["energy"]["making"].contains("energy_joules"));
  for (const char* absent : {"max_length", "truncation", "special_ids", "encoder_flops", "do_lower_case"})
    EXPECT_FALSE(manifest.contains(absent)) << absent;
  EXPECT_FALSE(manifest["parameters"].contains("encoder"));
  const std::string card = file_content(folder_.path() / "models/linear/README.md");
  EXPECT_NE(card.find("logistic regression over word 1- to 2-grams"), std::string::npos) << card;
  EXPECT_EQ(card.find("tokens"), std::string::npos) << card;

  // The members that scripts rely on are those of a BERT model's answer.
  const Json metrics = json_of(run_coppice("evaluate --model " + at("models/linear") + " --data " + at("data") +
                                           " --json --record --predictions " + at("out.jsonl")));
  for (const char* name : {"accuracy", "precision", "recall", "f1", "macro_f1", "roc_auc", "mcc", "ece", "brier",
                           "confusion", "n", "intervals", "tokens", "truncated"}) {
    EXPECT_TRUE(metrics.contains(name)) << name;
  }
  EXPECT_EQ(metrics["n"], 120);
  EXPECT_GE(metrics["accuracy"].get<double>(), 0.95);
  const std::string predictions = file_content(folder_.path() / "out.jsonl");
  EXPECT_EQ(std::count(predictions.begin(), predictions.end(), '\n'), 120);
  EXPECT_DOUBLE_EQ(manifest_of("models/linear")["metrics"]["accuracy"]["value"].get<double>(),
                   metrics["accuracy"].get<double>());

  const std::string predict = "predict --model " + at("models/linear") + " --json ";
  const Json good = json_of(run_coppice(predict + "'The film was good!'"));
  EXPECT_EQ(good["model"], "linear");
  EXPECT_EQ(good["label"], "positive");
  EXPECT_GE(good["score"].get<double>(), 0.5);
  EXPECT_EQ(good["logits"].size(), 2U);
  EXPECT_EQ(good["tokens"], 5);
  EXPECT_EQ(good["truncated"], false);
  EXPECT_EQ(json_of(run_coppice(predict + "'The film was not good.'"))["label"], "negative");
  const ProgramResult piped = run_coppice(predict + "--file -", "{\"text\":\"good\"}\n{\"text\":\"\"}\n{\"text\":3}\n");
  EXPECT_EQ(piped.exit_code, 3);
  EXPECT_NE(piped.err.find("line 3"), std::string::npos) << piped.err;
  EXPECT_EQ(std::count(piped.out.begin(), piped.out.end(), '\n'), 2);

  const Json catalog = json_of(run_coppice("catalog --models " + at("models") + " --refresh linear --json"));
  EXPECT_EQ(catalog["models"][0]["id"], "linear");
  EXPECT_NE(file_content(folder_.path() / "models/linear/README.md").find("| Accuracy |"), std::string::npos);
}

TEST_F(LinearProgram, TheSameReviewsGiveTheSameWeights) {
  json_of(train("a", "--json --threads 1"));
  json_of(train("b", "--json --threads 3"));
  EXPECT_EQ(file_content(folder_.path() / "a/model.safetensors"), file_content(folder_.path() / "b/model.safetensors"));
  // Into its own folder again, not into something else.
  EXPECT_EQ(train("a").exit_code, 0);
  EXPECT_EQ(train("data").exit_code, 2);
}

TEST_F(LinearProgram, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(train("x", "--hash-bits 40").exit_code, 2);
  EXPECT_EQ(train("x", "--l2 0").exit_code, 2);
  EXPECT_EQ(train("x", "--max-ngram 9").exit_code, 2);
  EXPECT_EQ(run_coppice("train-linear --data " + at("none") + " --output " + at("x")).exit_code, 3);
  folder_.write("one.tsv", "1\tgood\n1\tfine\n1\tgreat\n");
  const ProgramResult one_label = run_coppice("train-linear --data " + at("one.tsv") + " --output " + at("x"));
  EXPECT_EQ(one_label.exit_code, 3) << one_label.err;
  EXPECT_FALSE(fs::exists(folder_.path() / "x" / "manifest.json"));

  ASSERT_EQ(train("linear").exit_code, 0);
  // Commands of BERT alone say so, without asking for libtorch.
  for (const std::string& command : {"prune --method magnitude --output " + at("y") + " --model ",
                                     "train --data " + at("data") + " --output " + at("y") + " --base ",
                                     "export --output " + at("y") + " --model "}) {
    const ProgramResult refused = run_coppice(command + at("linear"));
    EXPECT_EQ(refused.exit_code, 2) << command << refused.err;
    EXPECT_NE(refused.err.find("is a linear model"), std::string::npos) << refused.err;
  }
  // An altered file is named.
  std::string bytes = file_content(folder_.path() / "linear" / "model.safetensors");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  folder_.write("linear/model.safetensors", bytes);
  const ProgramResult altered = run_coppice("predict --model " + at("linear") + " good");
  EXPECT_EQ(altered.exit_code, 3);
  EXPECT_NE(altered.err.find("model.safetensors"), std::string::npos) << altered.err;
}

}  // namespace
}  // namespace coppice::cli
