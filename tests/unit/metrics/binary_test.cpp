#include "shared/metrics/binary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "native/io/file.h"

namespace coppice::metrics {
namespace {

constexpr double kTolerance = 1e-12;

TEST(BinaryMetrics, EqualsScikitLearnOnTheGoldens) {
  const Result<std::string> text = read_file("tests/golden/metrics_golden.json");
  ASSERT_TRUE(text.ok()) << text.status().message();
  const Result<Json> golden = parse_json(*text, "metrics_golden.json");
  ASSERT_TRUE(golden.ok()) << golden.status().message();
  int cases = 0;
  for (const Json& entry : (*golden)["cases"]) {
    SCOPED_TRACE(entry["name"].get<std::string>());
    const auto labels = entry["labels"].get<std::vector<int>>();
    const auto scores = entry["scores"].get<std::vector<double>>();
    const auto predictions = entry["predictions"].get<std::vector<int>>();
    const Result<BinaryMetrics> metrics = evaluate_binary(labels, scores, predictions);
    ASSERT_TRUE(metrics.ok()) << metrics.status().message();
    const Json& expected = entry["metrics"];
    EXPECT_NEAR(metrics->accuracy, expected["accuracy"].get<double>(), kTolerance);
    EXPECT_NEAR(metrics->precision, expected["precision"].get<double>(), kTolerance);
    EXPECT_NEAR(metrics->recall, expected["recall"].get<double>(), kTolerance);
    EXPECT_NEAR(metrics->f1, expected["f1"].get<double>(), kTolerance);
    EXPECT_NEAR(metrics->macro_f1, expected["macro_f1"].get<double>(), kTolerance);
    ASSERT_TRUE(metrics->roc_auc.has_value());
    EXPECT_NEAR(*metrics->roc_auc, expected["roc_auc"].get<double>(), kTolerance);
    EXPECT_NEAR(metrics->mcc, expected["mcc"].get<double>(), kTolerance);
    EXPECT_NEAR(metrics->brier, expected["brier"].get<double>(), kTolerance);
    EXPECT_NEAR(metrics->ece10, expected["ece10"].get<double>(), kTolerance);
    EXPECT_NEAR(metrics->ece10_confidence, expected["ece10_confidence"].get<double>(), kTolerance);
    EXPECT_EQ(Json(to_json(*metrics)["confusion"]), expected["confusion_matrix"]);
    EXPECT_EQ(metrics->n, static_cast<int64_t>(labels.size()));
    ++cases;
  }
  EXPECT_EQ(cases, 5);
}

TEST(BinaryMetrics, OneClassLeavesTheRocAreaUndefined) {
  const std::vector<int> labels{1, 1, 1};
  const std::vector<double> scores{0.9, 0.8, 0.2};
  const std::vector<int> predictions{1, 1, 0};
  const Result<BinaryMetrics> metrics = evaluate_binary(labels, scores, predictions);
  ASSERT_TRUE(metrics.ok());
  EXPECT_FALSE(metrics->roc_auc.has_value());
  EXPECT_EQ(metrics->mcc, 0.0);
  EXPECT_NEAR(metrics->macro_f1, 0.4, kTolerance);  // class 0 was predicted once: it counts, with F1 0
  const Result<BinaryIntervals> intervals = binary_intervals(labels, scores, predictions, 50);
  ASSERT_TRUE(intervals.ok());
  EXPECT_FALSE(intervals->roc_auc.has_value());
  const OrderedJson json = to_json(*metrics, &*intervals);
  EXPECT_TRUE(json["roc_auc"].is_null());
  EXPECT_TRUE(json["intervals"]["roc_auc"].is_null());
  EXPECT_TRUE(json["intervals"]["accuracy"].is_array());
}

TEST(BinaryMetrics, AClassThatOccursNowhereIsLeftOutOfMacroF1) {
  const std::vector<int> ones{1, 1};
  const std::vector<double> scores{0.9, 0.8};
  const Result<BinaryMetrics> metrics = evaluate_binary(ones, scores, ones);
  ASSERT_TRUE(metrics.ok());
  EXPECT_EQ(metrics->macro_f1, 1.0);
}

TEST(BinaryMetrics, RefusesWhatIsNoClassification) {
  const std::vector<int> labels{0, 1};
  const std::vector<int> predictions{0, 1};
  const std::vector<double> good{0.1, 0.9};
  EXPECT_FALSE(evaluate_binary({}, {}, {}).ok());
  EXPECT_FALSE(evaluate_binary(labels, std::vector<double>{0.1}, predictions).ok());
  EXPECT_FALSE(evaluate_binary(labels, std::vector<double>{0.1, 1.5}, predictions).ok());
  EXPECT_FALSE(evaluate_binary(std::vector<int>{0, 2}, good, predictions).ok());
  EXPECT_FALSE(evaluate_binary(labels, good, std::vector<int>{0, -1}).ok());
  const Result<BinaryMetrics> nan = evaluate_binary(labels, std::vector<double>{0.1, std::nan("")}, predictions);
  ASSERT_FALSE(nan.ok());
  EXPECT_EQ(nan.status().code(), StatusCode::kInvalidInput);
  EXPECT_NE(nan.status().message().find("score 1"), std::string::npos);
}

TEST(BinaryIntervals, HoldTheValueAndRepeatExactly) {
  std::vector<int> labels;
  std::vector<double> scores;
  std::vector<int> predictions;
  CounterRandom random(7);
  for (int i = 0; i < 500; ++i) {
    labels.push_back(static_cast<int>(random.below(2)));
    const double noise = random.below(1000) / 1000.0;
    scores.push_back(0.6 * noise + 0.4 * labels.back());
    predictions.push_back(scores.back() >= 0.5 ? 1 : 0);
  }
  const Result<BinaryMetrics> metrics = evaluate_binary(labels, scores, predictions);
  const Result<BinaryIntervals> first = binary_intervals(labels, scores, predictions);
  const Result<BinaryIntervals> second = binary_intervals(labels, scores, predictions);
  ASSERT_TRUE(metrics.ok() && first.ok() && second.ok());
  const OrderedJson json = to_json(*metrics, &*first);
  EXPECT_EQ(dump_json(json), dump_json(to_json(*metrics, &*second)));
  for (const char* name : {"accuracy", "precision", "recall", "f1", "macro_f1", "roc_auc", "mcc", "brier"}) {
    SCOPED_TRACE(name);
    const double low = json["intervals"][name][0];
    const double high = json["intervals"][name][1];
    EXPECT_LT(low, json[name].get<double>());
    EXPECT_GT(high, json[name].get<double>());
    EXPECT_LT(high - low, 0.2);
  }
  // The bootstrap of a proportion must come near its normal interval: 1.96 sqrt(p (1 - p) / n).
  const double expected_width = 2 * 1.96 *
                                std::sqrt(metrics->recall * (1 - metrics->recall) /
                                          static_cast<double>(metrics->true_positives + metrics->false_negatives));
  EXPECT_NEAR(first->recall->high - first->recall->low, expected_width, 0.2 * expected_width);
}

TEST(WilsonInterval, EqualsPublishedValues) {
  const Result<Interval> some = wilson_interval(81, 263);
  ASSERT_TRUE(some.ok());
  EXPECT_NEAR(some->low, 0.2553, 5e-5);  // Newcombe (1998), table I
  EXPECT_NEAR(some->high, 0.3662, 5e-5);
  const Result<Interval> none = wilson_interval(0, 20);
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(none->low, 0.0);
  EXPECT_NEAR(none->high, 0.1611, 5e-5);
  const Result<Interval> all = wilson_interval(29, 29);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->high, 1.0);
  EXPECT_FALSE(wilson_interval(3, 2).ok());
  EXPECT_FALSE(wilson_interval(0, 0).ok());
}

}  // namespace
}  // namespace coppice::metrics
