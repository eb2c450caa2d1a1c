// How good a two-class classifier is, as scikit-learn counts it, with 95 % intervals.
//
//   COPPICE_ASSIGN_OR_RETURN(BinaryMetrics metrics, evaluate_binary(labels, scores, predictions));
//   COPPICE_ASSIGN_OR_RETURN(BinaryIntervals bounds, binary_intervals(labels, scores, predictions));
//   print(dump_json(to_json(metrics, &bounds)));
//
// Class 1 is the positive class. `labels` and `predictions` hold 0 or 1, `scores` the probability of class 1 in 0..1;
// the three lists are of one length, at least 1. Anything else (a NaN score above all) is an error that names the
// place.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/metrics/robust.h"

namespace coppice::metrics {

struct BinaryMetrics {
  int64_t n = 0;
  double accuracy = 0.0;
  // 0 where nothing was predicted positive, or nothing is (scikit-learn's zero_division=0).
  double precision = 0.0;
  double recall = 0.0;
  double f1 = 0.0;
  // Mean of the F1 of both classes; a class found in neither labels nor predictions is left out, as in scikit-learn.
  double macro_f1 = 0.0;
  // Area under the ROC curve, ties counted half. Absent if only one class occurs in the labels: it is undefined then.
  std::optional<double> roc_auc;
  // Matthews correlation coefficient; 0 where a class is missing from labels or predictions.
  double mcc = 0.0;
  // Mean (score - label)^2.
  double brier = 0.0;
  // Expected calibration error over ten equal bins of the score of class 1; bin = min(floor(score * 10), 9).
  double ece10 = 0.0;
  // The same on the confidence in what was predicted, against the share that is right.
  double ece10_confidence = 0.0;

  int64_t true_negatives = 0;
  int64_t false_positives = 0;
  int64_t false_negatives = 0;
  int64_t true_positives = 0;
};

Result<BinaryMetrics> evaluate_binary(std::span<const int> labels, std::span<const double> scores_of_class1,
                                      std::span<const int> predictions);

// 95 % intervals. Accuracy: Wilson's score interval. The others: percentile bootstrap over the examples; where every
// resample gives one value (perfect predictions) such an interval has no width, which is a limit of the method and not
// certainty. An interval is absent where the metric is undefined in more than half of the resamples.
struct BinaryIntervals {
  std::optional<Interval> accuracy, precision, recall, f1, macro_f1, roc_auc, mcc, brier, ece10, ece10_confidence;
  int resamples = 0;
  uint64_t seed = 0;
};

inline constexpr int kDefaultResamples = 1000;

Result<BinaryIntervals> binary_intervals(std::span<const int> labels, std::span<const double> scores_of_class1,
                                         std::span<const int> predictions, int resamples = kDefaultResamples,
                                         uint64_t seed = kResamplingSeed);

// Wilson's score interval (1927) for `successes` of `n`; 0 <= successes <= n, n > 0.
Result<Interval> wilson_interval(int64_t successes, int64_t n);

// Members as in `coppice evaluate --json`: accuracy, precision, recall, f1, macro_f1, roc_auc (null if undefined), mcc,
// ece, brier, confusion [[TN, FP], [FN, TP]], n, ece_confidence and, with `intervals`, intervals {name: [low, high]}.
OrderedJson to_json(const BinaryMetrics& metrics, const BinaryIntervals* intervals = nullptr);

}  // namespace coppice::metrics
