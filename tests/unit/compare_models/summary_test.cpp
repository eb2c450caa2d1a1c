// The table, from model folders made of tiny models and made-up records.
#include "native/compare/summary.h"

#include <gtest/gtest.h>

#include "native/compare/render.h"
#include "native/export/comparisons.h"
#include "native/export/model_folder.h"
#include "tests/unit/export/tiny_model.h"

namespace coppice::compare_models {
namespace {

namespace fs = std::filesystem;

class SummaryTest : public ::testing::Test {
 protected:
  // Records of a model: what making it and judging one review took, and its accuracy.
  struct Made {
    std::string parent;
    std::string kind = "train";
    double making_joules = 100;
    double joules = 2;
    std::string measured_in = "0000000a";
    double accuracy = 0.9;
    char test_set = 'a';
    int64_t max_length = 12;
    std::string cpu = {};  // that was measured on; empty: not said
  };

  fs::path make(const std::string& name, const Made& made) {
    const fs::path folder = root_.path() / name;
    fs::create_directories(folder);
    coppice::testing::write_tiny_model(folder, coppice::testing::tiny_config());
    records::RunRecord making = record(made.kind, "2026-11-24T01:00:00Z");
    making.inputs["parent_id"] = made.parent;
    making.settings = {{"max_length", made.max_length}, {"method", "structured"}};
    making.energy = Json{{"energy_joules", figure(made.making_joules)}};
    put(folder, making);
    records::RunRecord evaluation = record("evaluate", "2026-11-24T02:00:00Z");
    evaluation.inputs = {
        {"weights_sha256", *sha256_file_hex(folder / "model.safetensors")},
        {"test_set",
         {{"name", "imdb"}, {"split", "test"}, {"sha256", std::string(64, made.test_set)}, {"examples", 1000}}}};
    evaluation.results = {{"accuracy", made.accuracy},
                          {"n", 1000},
                          {"intervals", {{"accuracy", {made.accuracy - 0.02, made.accuracy + 0.02}}}}};
    put(folder, evaluation);
    records::RunRecord measurement = record("measure", "2026-11-24T03:00:00Z");
    measurement.run_id = made.measured_in;
    if (!made.cpu.empty()) measurement.machine = {{"cpu_model", made.cpu}, {"hardware_threads", 2}};
    const Json energy = figure(made.joules);
    measurement.results = {{"energy_per_inference", {{{"tokens", 250}, {"energy_joules", energy}}}},
                           {"prompts",
                            {{{"id", "short"}, {"tokens", 10}, {"energy_joules", figure(0.1)}},
                             {{"id", "long"},
                              {"tokens", 250},
                              {"energy_joules", energy},
                              {"median_ms", 50.0},
                              {"mad_ms", 0.5},
                              {"repeats", 10}}}}};
    put(folder, measurement);
    coppice::testing::must(refresh_manifest(folder));
    return folder;
  }

  static Json figure(double value) {
    return {{"value", value}, {"low", value / 2}, {"high", value * 2}, {"provenance", "modelled"}, {"method", "TDP"}};
  }

  records::RunRecord record(const std::string& kind, const std::string& time) {
    records::RunRecord made;
    made.kind = kind;
    made.run_id = "0000" + std::to_string(1000 + ++runs_);
    made.started_at = time;
    made.command = {"coppice", kind};
    made.program_version = program_version();
    return made;
  }

  static void put(const fs::path& folder, const records::RunRecord& record) {
    coppice::testing::must(write_run_record(folder, record));
  }

  static bool has_note(const Overview& overview, const std::string& part) {
    for (const std::string& note : overview.notes) {
      if (note.find(part) != std::string::npos) return true;
    }
    return false;
  }

  coppice::testing::TemporaryFolder root_;
  int runs_ = 0;
};

// An export takes the runs of the folder that it reads along.
TEST_F(SummaryTest, ARunThatMadeTheBaselineTooIsNotPaidAgain) {
  const fs::path dense = make("dense", {.parent = "base"});
  const fs::path rounded = make("rounded", {.parent = "dense", .kind = "export", .making_joules = 4, .joules = 1});
  for (const fs::directory_entry& run : fs::directory_iterator(dense / "runs")) {
    if (run.path().filename().string().starts_with("train")) {
      fs::copy_file(run.path(), rounded / "runs" / run.path().filename());
    }
  }
  coppice::testing::must(refresh_manifest(rounded));
  const auto overview = summarise({dense, rounded}, "dense", 256);
  ASSERT_TRUE(overview.ok()) << overview.status().message();
  const ModelSummary& model = overview->models[1];
  EXPECT_EQ(model.manifest.making_energy->energy_joules->value.value(), 104);
  EXPECT_EQ(model.making->value.value(), 4);
  EXPECT_EQ(model.making_by_kind.count("train"), 0U);
  EXPECT_EQ(model.cost->value.value(), 4);
  EXPECT_EQ(model.cost_of, std::vector<std::string>{"rounded"});
  EXPECT_EQ(overview->base().making->value.value(), 100);
}

TEST_F(SummaryTest, SavingIsNetOfAllThatMadeTheModel) {
  const fs::path dense = make("dense", {.parent = "base"});
  const fs::path cut = make("cut", {.parent = "dense", .kind = "prune", .making_joules = 30, .joules = 1});
  const fs::path small = make("small", {.parent = "cut", .making_joules = 10, .joules = 0.5});
  const auto overview = summarise({small, cut, dense, root_.path() / "catalog.json"}, "", 256);
  ASSERT_TRUE(overview.ok()) << overview.status().message();
  EXPECT_EQ(overview->base().manifest.id, "dense");  // the parent of the most
  const ModelSummary& last = overview->models[0];
  EXPECT_EQ(last.cost->value.value(), 40);
  EXPECT_EQ(last.cost_of, (std::vector<std::string>{"small", "cut"}));
  EXPECT_TRUE(last.saving->shared_power);
  EXPECT_NEAR(last.break_even->inferences, 40 / 1.5, 1e-9);
  EXPECT_EQ(last.inference->prompt, "long");
  EXPECT_EQ(overview->models[1].done, "pruned (structured)");
  EXPECT_FALSE(overview->base().cost);
  EXPECT_TRUE(overview->notes.empty()) << overview->notes.front();
  const std::string text = overview_text(*overview);
  EXPECT_NE(text.find("dense *"), std::string::npos) << text;
  EXPECT_NE(text.find("90.00 % (88.00 to 92.00)"), std::string::npos) << text;
}

TEST_F(SummaryTest, MeasuredApartTheBandsHideTheSaving) {
  const fs::path dense = make("dense", {.parent = "base"});
  const fs::path cut = make("cut", {.parent = "dense", .kind = "prune", .joules = 1, .measured_in = "0000000b"});
  const auto overview = summarise({dense, cut}, "", 256);
  ASSERT_TRUE(overview.ok());
  EXPECT_FALSE(overview->models[1].saving->shared_power);
  EXPECT_TRUE(overview->models[1].break_even->never);
  EXPECT_TRUE(has_note(*overview, "not measured in turns"));
  EXPECT_NE(overview_csv(*overview).find(",never,,\n"), std::string::npos);
}

TEST_F(SummaryTest, EnergiesOfTwoMachinesAreNotSetAgainstEachOther) {
  const fs::path dense = make("dense", {.parent = "base", .cpu = "A"});
  const fs::path small = make("small", {.parent = "dense", .joules = 1, .measured_in = "0000000b", .cpu = "B"});
  const auto overview = summarise({dense, small}, "", 256);
  ASSERT_TRUE(overview.ok()) << overview.status().message();
  const ModelSummary& apart = overview->models[1];
  EXPECT_EQ(apart.inference->machine, "B, 2 threads");
  EXPECT_FALSE(apart.saving);
  EXPECT_FALSE(apart.ratio);
  EXPECT_FALSE(apart.break_even);
  EXPECT_TRUE(has_note(*overview, "small: measured on another machine (B, 2 threads) than dense (A, 2 threads)"));
}

TEST_F(SummaryTest, TheRatioOfEnergiesIsTold) {
  const fs::path dense = make("dense", {.parent = "base"});
  const fs::path small = make("small", {.parent = "dense", .joules = 1});
  const auto overview = summarise({dense, small}, "", 256);
  ASSERT_TRUE(overview.ok()) << overview.status().message();
  EXPECT_EQ(overview->models[1].ratio->value, 0.5);
  const OrderedJson json = to_json(*overview);
  EXPECT_EQ(json["models"][1]["energy_ratio"]["value"], 0.5);
  EXPECT_EQ(json["models"][1]["inference"]["run_id"], "0000000a");
}

TEST_F(SummaryTest, WhatDoesNotCompareIsSaid) {
  const fs::path dense = make("dense", {.parent = "base"});
  const fs::path other = make("other", {.parent = "elsewhere", .test_set = 'b', .max_length = 8});
  const auto overview = summarise({dense, other}, "dense", 256);
  ASSERT_TRUE(overview.ok());
  EXPECT_TRUE(has_note(*overview, "another test set"));
  EXPECT_TRUE(has_note(*overview, "at most 8 tokens"));
  EXPECT_TRUE(has_note(*overview, "counts from elsewhere"));
}

TEST_F(SummaryTest, WhatIsNotKnownIsAbsent) {
  const fs::path dense = make("dense", {.parent = "base"});
  const fs::path bare = root_.path() / "bare";
  fs::create_directories(bare);
  coppice::testing::write_tiny_model(bare, coppice::testing::tiny_config());
  coppice::testing::must(refresh_manifest(bare));
  const auto overview = summarise({dense, bare}, "dense", 256);
  ASSERT_TRUE(overview.ok()) << overview.status().message();
  const ModelSummary& model = overview->models[1];
  EXPECT_FALSE(model.cost || model.saving || model.break_even || model.inference);
  EXPECT_TRUE(has_note(*overview, "bare: not evaluated"));
  EXPECT_TRUE(has_note(*overview, "bare: its energy was not measured"));
  EXPECT_TRUE(has_note(*overview, "no break-even"));
  const OrderedJson json = to_json(*overview);
  EXPECT_FALSE(json["models"][1].contains("accuracy"));
  EXPECT_FALSE(json["models"][1].contains("break_even"));
}

TEST_F(SummaryTest, WrongCallsAreRefused) {
  const fs::path dense = make("dense", {.parent = "base"});
  EXPECT_EQ(summarise({}, "", 256).status().code(), StatusCode::kInvalidUsage);
  EXPECT_EQ(summarise({dense}, "none", 256).status().code(), StatusCode::kInvalidUsage);
  EXPECT_EQ(summarise({dense, dense}, "", 256).status().code(), StatusCode::kInvalidUsage);
  EXPECT_EQ(summarise({root_.path() / "gone"}, "", 256).status().code(), StatusCode::kNotFound);
}

// A record as `coppice compare --record` writes it.
Json made_results(bool worse) {
  const Json slice = {{"family", "negation"},
                      {"name", "4 or more negations"},
                      {"n", 400},
                      {"accuracy", {{"baseline", 0.9}, {"model", 0.8}}},
                      {"difference", {{"value", -0.1}, {"low", -0.14}, {"high", -0.06}}},
                      {"p_adjusted", worse ? 0.001 : 0.4},
                      {"worse", worse},
                      {"better", false}};
  return {{"n", 1000},
          {"slices_tested", 12},
          {"accuracy", {{"baseline", 0.9}, {"model", 0.85}}},
          {"difference", {{"value", -0.05}, {"low", -0.07}, {"high", -0.03}}},
          {"mcnemar", {{"only_baseline_right", 70}, {"only_model_right", 20}, {"p_value", 1e-7}}},
          {"noninferiority", {{"margin", 0.005}, {"p_value", 1.0}, {"verdict", "refuted"}}},
          {"calibration", {{"baseline", {{"ece", 0.02}}}, {"model", {{"ece", 0.03}}}}},
          {"slices", {slice}}};
}

TEST_F(SummaryTest, TheCardSaysWhatGotWorse) {
  const fs::path cut = make("cut", {.parent = "dense", .kind = "prune"});
  records::RunRecord comparison = record("compare", "2026-11-24T04:00:00Z");
  comparison.inputs = {{"baseline_id", "dense"},
                       {"weights_sha256", *sha256_file_hex(cut / "model.safetensors")},
                       {"test_set", {{"name", "imdb"}, {"split", "test"}, {"sha256", std::string(64, 'a')}}}};
  comparison.results = made_results(true);
  put(cut, comparison);
  const auto manifest = make_manifest(cut);
  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  const auto text_now = [&] {
    const auto comparisons = read_comparisons(*read_run_records(cut), *manifest);
    EXPECT_TRUE(comparisons.ok()) << comparisons.status().message();
    return comparisons_text(*comparisons, *manifest);
  };
  const std::string worse = text_now();
  EXPECT_NE(worse.find("## Against its parent"), std::string::npos) << worse;
  EXPECT_NE(worse.find("-5.00 points (95 % interval -7.00 to -3.00)"), std::string::npos) << worse;
  EXPECT_NE(worse.find("| 4 or more negations | 400 | 90.00 % | 80.00 % | -10.00 |"), std::string::npos) << worse;

  // A later one on the same reviews takes its place.
  comparison.run_id = "00009999";
  comparison.started_at = "2026-11-24T05:00:00Z";
  comparison.results = made_results(false);
  put(cut, comparison);
  const std::string none = text_now();
  EXPECT_NE(none.find("On none of 12 parts"), std::string::npos) << none;
  EXPECT_EQ(none.find("| 4 or more"), std::string::npos) << none;

  // Against another model than the parent it says so; of weights that have changed it says nothing.
  comparison.run_id = "00009998";
  comparison.started_at = "2026-11-24T06:00:00Z";
  comparison.inputs["baseline_id"] = "linear";
  put(cut, comparison);
  EXPECT_NE(text_now().find("## Against `linear`"), std::string::npos);
  coppice::testing::write_tiny_model(cut, coppice::testing::tiny_config(), 2);
  const auto changed = make_manifest(cut);
  ASSERT_TRUE(changed.ok());
  EXPECT_TRUE(read_comparisons(*read_run_records(cut), *changed)->empty());
}

TEST_F(SummaryTest, AComparisonThatLacksAMemberIsNamed) {
  const fs::path cut = make("cut", {.parent = "dense", .kind = "prune"});
  for (const char* member : {"mcnemar", "difference", "slices", "calibration"}) {
    records::RunRecord comparison = record("compare", "2026-11-24T04:00:00Z");
    comparison.inputs = {{"baseline_id", "dense"},
                         {"weights_sha256", *sha256_file_hex(cut / "model.safetensors")},
                         {"test_set", {{"name", "imdb"}, {"split", "test"}}}};
    comparison.results = made_results(true);
    comparison.results.erase(member);
    const auto manifest = make_manifest(cut);
    ASSERT_TRUE(manifest.ok());
    const auto comparisons = read_comparisons({{"runs/x.json", comparison}}, *manifest);
    ASSERT_FALSE(comparisons.ok());
    EXPECT_NE(comparisons.status().message().find(member), std::string::npos) << comparisons.status().message();
  }
}

}  // namespace
}  // namespace coppice::compare_models
