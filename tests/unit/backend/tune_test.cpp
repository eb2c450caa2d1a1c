// `coppice tune` over the real coppice-torch, on a tiny BERT: the sweep's figures are those of true runs.
#include "shared/base/json.h"
#include "tests/unit/cli/program.h"

namespace coppice::cli {
namespace {

namespace fs = std::filesystem;

class Tune : public ProgramTest {
 protected:
  void SetUp() override {
    write_tiny_base("base", {"good", "bad", "the", "film", "was"});
    fs::create_directories(folder_.path() / "data");
    folder_.write("data/train.tsv", reviews(96));
    folder_.write("data/validation.tsv", reviews(32));
  }

  static std::string reviews(int count) {
    std::string tsv;
    for (int i = 0; i < count; ++i) {
      tsv += std::to_string(i % 2) + "\tthe film was w" + std::to_string(10 + i * 7 % 30) +
             (i % 2 == 1 ? " good\n" : " bad\n");
    }
    return tsv;
  }

  [[nodiscard]] ProgramResult tune(const std::string& base, const std::string& output, const std::string& more) const {
    return run_coppice("tune " + base + " --data " + at("data") + " --output " + at(output) +
                       " --max-length 16 --batch-size 8 --epochs 4 --country FRA --threads 1 --json " + more);
  }
};

TEST_F(Tune, HalvingFindsTheRateThatLearnsAndSparsityIsRecovered) {
  const Json sweep =
      json_of(tune("--base " + at("base"), "rates", "--method halving --eta 2 --rungs 2 --learning-rate 1e-7,0.01"));
  EXPECT_TRUE(sweep["complete"].get<bool>());
  EXPECT_EQ(sweep["winner"], "001-rung1");
  const Json& winner = sweep["trials"].back();
  EXPECT_GE(winner["validation_accuracy"]["value"].get<double>(), 0.9);
  EXPECT_GT(winner["energy_joules"]["value"].get<double>(), 0);
  EXPECT_TRUE(winner.contains("carbon_grams_co2e"));
  EXPECT_GT(winner["seconds"].get<double>(), 0);
  EXPECT_EQ(sweep["halving"]["rung_reviews"], (Json{48, 96}));
  // What is in best/ is the winner, and judges as a model does.
  const Json verdict = json_of(run_coppice("predict --model " + at("rates/best") + " --json 'the film was good'"));
  EXPECT_EQ(verdict["label"], "positive");
  const Json manifest = *parse_json(file_content(folder_.path() / "rates/best/manifest.json"), "manifest.json");
  EXPECT_EQ(manifest["training_data"]["examples"], 96);
  EXPECT_EQ(manifest["max_length"], 16);

  const Json pruned = json_of(
      tune("--prune-from " + at("rates/best"), "sparse", "--learning-rate 0.01 --sparsity 0.5,0.75 --keep-models"));
  EXPECT_EQ(pruned["totals"]["finished"], 2);
  for (const auto& [id, share] : {std::pair("000", 0.5), {"001", 0.25}}) {
    const fs::path path = folder_.path() / "sparse/trials" / id / "manifest.json";
    const Json of_trial = *parse_json(file_content(path), path.string());
    const double kept = of_trial["parameters"]["encoder_nonzero"].get<double>();
    EXPECT_NEAR(kept / of_trial["parameters"]["encoder"].get<double>(), share, 0.001) << id;
  }
  EXPECT_EQ(pruned["trials"][0]["runs"].size(), 2U);  // prune and train
}

}  // namespace
}  // namespace coppice::cli
