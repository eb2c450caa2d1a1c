#include "shared/compare/set_runner.h"

#include <gtest/gtest.h>

#include "shared/base/csv.h"
#include "shared/compare/set_curves.h"
#include "shared/compare/set_export.h"
#include "shared/compare/set_figures.h"
#include "shared/metrics/binary.h"
#include "tests/unit/compare/side_fixture.h"

namespace coppice::compare {
namespace {

constexpr const char* kReviews = "1\tgood film\n0\tnot good\n1\tgood end\n0\tbad film\n";

// Both find "good" positive; dense also reads "not".
void prepare_set(SideDriver& driver) {
  driver.margin = [](const Request& run) {
    const auto has = [&](int32_t id) {
      return std::find(run.input_ids.begin(), run.input_ids.end(), id) != run.input_ids.end();
    };
    return has(7) && !(run.model == "dense" && has(9)) ? 2.0 : -2.0;
  };
  driver.compare("good");
  ASSERT_TRUE(driver.comparison.read_reviews("set.tsv", kReviews, false).ok());
}

TEST(SetRunner, RunsReviewByReviewTheModelsInTurn) {
  SideDriver driver;
  prepare_set(driver);
  EXPECT_EQ(driver.ask("side")["set"]["status"], "set.tsv: 4 reviews, all with a label.");
  ASSERT_TRUE(driver.comparison.start_set().ok());
  EXPECT_EQ(driver.answer_all(), "dsdsdsdsds");  // a first run of each that does not count, then four reviews
  const ReviewSet& set = driver.side().set.set();
  EXPECT_EQ(set.phase, SetPhase::kDone);
  EXPECT_EQ(reviews_done(set), 4U);
  const SetFigures figures = figures_of(set, nullptr, nullptr);
  EXPECT_EQ(figures.models[0].accuracy->count, 4);
  EXPECT_EQ(figures.models[1].accuracy->count, 3);
  const metrics::Interval wilson = *metrics::wilson_interval(3, 4);
  EXPECT_DOUBLE_EQ(figures.models[1].accuracy->interval.low, wilson.low);
  EXPECT_DOUBLE_EQ(figures.models[1].against_first->difference, -0.25);
  EXPECT_EQ(figures.models[1].agreement_with_first->count, 3);
  EXPECT_EQ(figures.agreement->count, 3);
  EXPECT_EQ(figures.disagreements, std::vector<size_t>{1});
  EXPECT_DOUBLE_EQ(*figures.models[0].median_ms, 5.0);
  EXPECT_FALSE(figures.models[0].energy.has_value());
}

TEST(SetRunner, EnergyIsTimeTimesPower) {
  SideDriver driver;
  prepare_set(driver);
  ASSERT_TRUE(driver.comparison.start_set().ok());
  driver.answer_all();
  const energy::DevicePreset* laptop = energy::find_device("laptop");
  const Result<energy::Intensity> world = find_grid("WORLD");
  const SetFigures figures = figures_of(driver.side().set.set(), laptop, &*world);
  // Four reviews of 5 ms.
  EXPECT_NEAR(figures.models[0].energy->value.value(), 0.020 * laptop->power.value(), 1e-12);
  EXPECT_NEAR(figures.models[0].energy->low.value(), 0.020 * laptop->low.value(), 1e-12);
  EXPECT_EQ(figures.models[0].energy->provenance.kind, energy::ProvenanceKind::kModelled);
}

TEST(SetRunner, PausesResumesAndWarmsUpAgain) {
  SideDriver driver;
  prepare_set(driver);
  ASSERT_TRUE(driver.comparison.start_set().ok());
  for (int i = 0; i < 3; ++i) driver.answer(driver.take().at(0));  // both first runs, one judgement
  const Request out = driver.take().at(0);
  EXPECT_TRUE(out.timed);
  ASSERT_TRUE(driver.comparison.pause_set().ok());
  driver.answer(out);  // counts, and nothing follows
  EXPECT_TRUE(driver.take().empty());
  const ReviewSet& set = driver.side().set.set();
  EXPECT_EQ(set.phase, SetPhase::kPaused);
  EXPECT_EQ(reviews_done(set), 1U);
  EXPECT_FALSE(driver.comparison.read_reviews("other.txt", "good", false).ok()) << "its results would be lost";
  ASSERT_TRUE(driver.comparison.resume_set().ok());
  EXPECT_FALSE(driver.comparison.resume_set().ok());
  EXPECT_EQ(driver.answer_all(), "dsdsdsds");  // warm-up, then three reviews
  EXPECT_EQ(reviews_done(set), 4U);
}

TEST(SetRunner, StoppingKeepsTheReviewsThatAllHaveJudged) {
  SideDriver driver;
  prepare_set(driver);
  ASSERT_TRUE(driver.comparison.start_set().ok());
  for (int i = 0; i < 5; ++i) driver.answer(driver.take().at(0));  // dense has judged two, small one
  const Request out = driver.take().at(0);
  ASSERT_TRUE(driver.comparison.stop_set().ok());
  driver.answer(out);
  const ReviewSet& set = driver.side().set.set();
  EXPECT_EQ(set.phase, SetPhase::kDone);
  EXPECT_EQ(set.models[0].judgements.size(), 1U);
  EXPECT_EQ(set.models[1].judgements.size(), 1U);
  EXPECT_EQ(driver.ask("side")["set"]["status"], "Stopped: 1 of 4 reviews.");
}

TEST(SetRunner, YieldsToAComparison) {
  SideDriver driver;
  prepare_set(driver);
  ASSERT_TRUE(driver.comparison.start_set().ok());
  driver.answer(driver.take().at(0));
  const Request out = driver.take().at(0);
  ASSERT_TRUE(driver.comparison.start().ok());
  driver.answer(out);
  std::string kinds;
  for (std::vector<Request> next = driver.take(); !next.empty(); next = driver.take()) {
    kinds += next[0].kind == RequestKind::kRun ? 'c' : 's';
    driver.answer(next[0]);
  }
  EXPECT_EQ(kinds, "ccccssssssss");
}

TEST(SetRunner, AModelThatFailsLeavesTheRestToTheOthers) {
  SideDriver driver;
  prepare_set(driver);
  ASSERT_TRUE(driver.comparison.start_set().ok());
  driver.comparison.request_failed(driver.take().at(0).id, "dense: broken");
  EXPECT_EQ(driver.answer_all(), "sssss");
  const ReviewSet& set = driver.side().set.set();
  EXPECT_EQ(set.phase, SetPhase::kDone);
  EXPECT_TRUE(set.models[0].failed);
  const SetFigures figures = figures_of(set, nullptr, nullptr);
  EXPECT_EQ(figures.done, 4U);
  EXPECT_FALSE(figures.agreement.has_value());
  EXPECT_EQ(figures.models[1].accuracy->count, 3);
}

TEST(SetRunner, WithoutLabelsThereIsAgreementOnly) {
  SideDriver driver;
  prepare_set(driver);
  ASSERT_TRUE(driver.comparison.read_reviews("plain.txt", "good\nnot good\n", false).ok());
  ASSERT_TRUE(driver.comparison.start_set().ok());
  driver.answer_all();
  const SetFigures figures = figures_of(driver.side().set.set(), nullptr, nullptr);
  EXPECT_FALSE(figures.models[0].accuracy.has_value());
  EXPECT_EQ(figures.agreement->count, 1);
  EXPECT_TRUE(accuracy_curve(driver.side().set.set(), 0, 100).empty());
}

TEST(SetRunner, ABrokenFileLeavesTheEarlierSet) {
  SideDriver driver;
  prepare_set(driver);
  EXPECT_NE(driver.comparison.read_reviews("x.tsv", "no tab", false).message().find("x.tsv, line 1"),
            std::string::npos);
  EXPECT_EQ(driver.side().set.set().file->name, "set.tsv");
}

TEST(SetCurves, EndAtTheFigureAndAreThinnedEvenly) {
  ReviewSet set;
  auto file = std::make_shared<reviews::ReviewFile>();
  SetModel model;
  for (int i = 0; i < 1000; ++i) {
    file->reviews.push_back({"text", i % 2, i + 1});
    model.judgements.push_back({i % 4 == 0 ? 1.0 : -1.0, 1.0 + i, 10});  // right where label and sign agree
  }
  file->labelled = 1000;
  set.file = file;
  set.models = {model, model};
  const std::vector<CurvePoint> curve = accuracy_curve(set, 0, 100);
  EXPECT_LE(curve.size(), 102U);
  EXPECT_GE(curve.size(), 90U);
  EXPECT_DOUBLE_EQ(curve.front().reviews, 1);
  EXPECT_DOUBLE_EQ(curve.back().reviews, 1000);
  // Label 0 at even i: said 1 at multiples of 4, so right for half of them; label 1 at odd i: always said 0.
  EXPECT_DOUBLE_EQ(curve.back().value, 0.25);
  EXPECT_LT(curve.back().low, 0.25);
  EXPECT_DOUBLE_EQ(agreement_curve(set, 10).back().value, 1.0);
  EXPECT_LE(times_by_tokens(set, 0, 300).milliseconds.size(), 300U);
}

TEST(SetExport, CsvIsReadBackAndHoldsNoFormula) {
  SideDriver driver;
  prepare_set(driver);
  ASSERT_TRUE(driver.comparison
                  .read_reviews("evil.jsonl",
                                "{\"text\":\"=HYPERLINK(\\\"http://x\\\")\"}\n{\"text\":\"@good,\\nend\","
                                "\"label\":1}\n{\"text\":\"-1 good\",\"label\":0}\n",
                                false)
                  .ok());
  ASSERT_TRUE(driver.comparison.start_set().ok());
  driver.answer_all();
  const Result<std::string> csv = answer_question("{\"ask\":\"set_csv\"}", driver.comparison);
  ASSERT_TRUE(csv.ok());
  CsvReader reader(*csv, "export.csv");
  std::vector<CsvRecord> records;
  for (auto record = reader.next(); record.ok() && *record; record = reader.next()) records.push_back(**record);
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[0].cells,
            (std::vector<std::string>{"line", "review", "label", "agree", "dense verdict", "dense probability_positive",
                                      "dense milliseconds", "dense tokens", "small verdict",
                                      "small probability_positive", "small milliseconds", "small tokens"}));
  EXPECT_EQ(records[1].cells[1], "'=HYPERLINK(\"http://x\")");
  EXPECT_EQ(records[2].cells[1], "'@good,\nend");
  EXPECT_EQ(records[2].cells[2], "positive");
  EXPECT_EQ(records[2].cells[4], "positive");
  EXPECT_EQ(records[2].cells[5], "0.880797");  // softmax of a margin of 2
  EXPECT_EQ(records[3].cells[1], "'-1 good");
  for (const CsvRecord& record : records) {
    for (const std::string& cell : record.cells)
      EXPECT_EQ(std::string("=+-@").find(cell.empty() ? 'x' : cell[0]), std::string::npos) << cell;
  }
}

TEST(SetExport, JsonHoldsFiguresWithIntervalsAndProvenance) {
  SideDriver driver;
  prepare_set(driver);
  EXPECT_EQ(answer_question("{\"ask\":\"set_json\"}", driver.comparison).status().code(), StatusCode::kInvalidUsage);
  ASSERT_TRUE(driver.comparison.start_set().ok());
  driver.answer_all();
  const Json json = driver.ask("set_json");
  EXPECT_EQ(json["kind"], "coppice_review_set");
  EXPECT_EQ(json["reviews_judged"], 4);
  EXPECT_EQ(json["models"][1]["accuracy"]["count"], 3);
  EXPECT_LT(json["models"][1]["accuracy"]["low"].get<double>(), 0.75);
  EXPECT_EQ(json["models"][0]["energy_joules_together"]["provenance"], "modelled");
  EXPECT_EQ(json["reviews"][1]["text"], "not good");
  EXPECT_EQ(json["reviews"][1]["label"], "negative");
  EXPECT_EQ(json["reviews"][1]["judgements"]["dense"]["verdict"], "negative");
  EXPECT_EQ(json["reviews"][1]["judgements"]["small"]["verdict"], "positive");
}

TEST(SideMessages, QuestionsAreChecked) {
  SideDriver driver;
  prepare_set(driver);
  EXPECT_EQ(*answer_question("{\"ask\":\"set_review\",\"index\":1}", driver.comparison), "not good");
  EXPECT_EQ(answer_question("{\"ask\":\"set_review\",\"index\":4}", driver.comparison).status().code(),
            StatusCode::kNotFound);
  EXPECT_FALSE(answer_question("{\"ask\":\"set_review\",\"index\":-1}", driver.comparison).ok());
  EXPECT_EQ(answer_question("{\"ask\":\"moon\"}", driver.comparison).status().code(), StatusCode::kUnsupported);
  EXPECT_FALSE(answer_question("[", driver.comparison).ok());
  EXPECT_FALSE(apply_side_event("start", driver.comparison).has_value());
  EXPECT_FALSE(apply_side_event("set_pause", driver.comparison)->ok());
}

}  // namespace
}  // namespace coppice::compare
