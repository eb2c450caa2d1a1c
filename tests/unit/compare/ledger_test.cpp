#include "shared/compare/ledger.h"

#include "shared/compare/insights_json.h"
#include "shared/energy/transfer.h"
#include "tests/unit/compare/rows.h"

namespace coppice::compare {
namespace {

State dense_and_half() {
  State state;
  state.models = {timed_row("dense", 10, "base"), timed_row("half", 4, "dense")};
  state.models[0].facts.making = {{Stage::kFineTuning, joules(1000, 500, 2000)}, {Stage::kExport, joules(1, 1, 1)}};
  state.models[1].facts.making = {{Stage::kPruning, joules(50, 40, 60)},
                                  {Stage::kRecovery, joules(300, 200, 400)},
                                  {Stage::kExport, joules(2, 2, 2)}};
  state.choices.reviews = 100;
  return state;
}

double value_of(const LedgerRow& row, Stage stage) {
  for (const LedgerStage& each : row.stages) {
    if (each.stage == stage) return each.energy.value.value();
  }
  return -1;
}

TEST(Ledger, HoldsTheMakingOfAllAncestorsAndSums) {
  const LedgerRow row = ledger_row(dense_and_half(), 1);
  EXPECT_EQ(value_of(row, Stage::kFineTuning), 1000);
  EXPECT_EQ(value_of(row, Stage::kPruning), 50);
  EXPECT_EQ(value_of(row, Stage::kRecovery), 300);
  EXPECT_EQ(value_of(row, Stage::kExport), 3);  // of both folders
  EXPECT_EQ(value_of(row, Stage::kDownload), energy::transfer_energy(2'000'000).value.value());
  EXPECT_EQ(value_of(row, Stage::kUse), 400);
  double sum = 0;
  double high = 0;
  for (const LedgerStage& stage : row.stages) {
    sum += stage.energy.value.value();
    high += stage.energy.high.value();
  }
  EXPECT_DOUBLE_EQ(row.total.value.value(), sum);
  EXPECT_DOUBLE_EQ(row.total.high.value(), high);
  EXPECT_EQ(row.total.provenance.kind, energy::ProvenanceKind::kMixed);  // modelled, and the download assumed
  ASSERT_EQ(row.notes.size(), 1U);
  EXPECT_NE(row.notes[0].find("base"), std::string::npos);
}

TEST(Ledger, CountsARunOnceThatTwoFoldersHold) {
  State state = dense_and_half();
  state.models[0].facts.making[0].run = "runs/train-1.json";
  state.models[1].facts.making.insert(state.models[1].facts.making.begin(),
                                      {Stage::kFineTuning, joules(1000, 500, 2000), "runs/train-1.json"});
  EXPECT_EQ(value_of(ledger_row(state, 1), Stage::kFineTuning), 1000);
  EXPECT_EQ(value_of(ledger_row(state, 0), Stage::kFineTuning), 1000);
}

TEST(Ledger, SaysWhatIsMissing) {
  State state = dense_and_half();
  state.models[0].facts.making.clear();
  state.models[1].facts.making_runs_without_figure = 2;
  state.models[1].estimate.reset();
  const LedgerRow row = ledger_row(state, 1);
  EXPECT_EQ(value_of(row, Stage::kUse), -1);
  EXPECT_EQ(row.notes.size(), 4U);
  EXPECT_EQ(ledger_of(state).size(), 2U);
  state.models[0].phase = ModelPhase::kFailed;
  EXPECT_EQ(ledger_of(state).size(), 1U);
}

// The first row has neither been pruned nor recovered, and is used all the same.
TEST(Ledger, StagesAreInTheOrderOfALifeWhicheverRowIsFirst) {
  const std::vector<Stage> life = {Stage::kFineTuning, Stage::kPruning,  Stage::kRecovery,
                                   Stage::kExport,     Stage::kDownload, Stage::kUse};
  const State state = dense_and_half();
  const LedgerRow dense = ledger_row(state, 0);
  const LedgerRow half = ledger_row(state, 1);
  EXPECT_EQ(stages_of({dense, half}), life);
  EXPECT_EQ(stages_of({half, dense}), life);
  EXPECT_TRUE(stages_of({}).empty());
  const OrderedJson names = insights_json(state)["ledger_stages"];
  EXPECT_EQ(names, OrderedJson({"fine-tuning", "pruning", "recovery", "export", "download", "use"}));
}

TEST(Ledger, AParentThatIsItsOwnChildEnds) {
  State state;
  state.models = {plain_row("a", "b"), plain_row("b", "a")};
  EXPECT_EQ(lineage_of(state, 0), (std::vector<size_t>{0, 1}));
}

TEST(Facts, TrainingAfterPruningIsRecovery) {
  records::Manifest manifest;
  manifest.plan = {{"prune", "runs/p.json", {}, {}}, {"train", "runs/t.json", {}, {}}};
  manifest.weights = {{"onnx/model.onnx", "onnx", "I8"}};
  records::MakingEnergy making;
  making.parts = {{"train", "runs/0.json", joules(7, 7, 7)},
                  {"prune", "runs/p.json", joules(1, 1, 1)},
                  {"train", "runs/t.json", joules(2, 2, 2)},
                  {"train", "runs/u.json", joules(3, 3, 3)},
                  {"export", "runs/e.json", joules(4, 4, 4)}};
  manifest.making_energy = making;
  const ModelFacts facts = facts_of(manifest);
  ASSERT_EQ(facts.making.size(), 5U);
  EXPECT_EQ(facts.making[0].stage, Stage::kFineTuning);
  EXPECT_EQ(facts.making[2].stage, Stage::kRecovery);
  EXPECT_EQ(facts.making[3].stage, Stage::kRecovery);
  EXPECT_EQ(facts.making[3].energy.value.value(), 3);
  EXPECT_EQ(facts.making[3].run, "runs/u.json");
  EXPECT_TRUE(facts.cut_back);
  EXPECT_TRUE(facts.int8);
  manifest.making_energy->parts.clear();
  manifest.making_energy->energy_joules = joules(17, 17, 17);
  const ModelFacts whole = facts_of(manifest);
  ASSERT_EQ(whole.making.size(), 1U);
  EXPECT_EQ(whole.making[0].stage, Stage::kMaking);
}

}  // namespace
}  // namespace coppice::compare
