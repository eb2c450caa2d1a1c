// Two models on the same reviews: how far their accuracies lie apart, where, and how their probabilities fare.
// docs/statistics.md names each method and its source.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "native/compare/predictions.h"
#include "native/compare/slices.h"
#include "shared/base/json.h"
#include "shared/metrics/calibration.h"
#include "shared/metrics/paired.h"
#include "shared/metrics/paired_score.h"

namespace coppice::compare_models {

// Level of every test and of every statement "worse" or "better".
inline constexpr double kAlpha = 0.05;

struct PairedOptions {
  double margin = 0.005;  // of accuracy, for non-inferiority
  int resamples = 2000;
  uint64_t seed = metrics::kResamplingSeed;
};

struct SliceReport {
  std::string family;
  std::string name;
  int64_t n = 0;  // 0: nothing else is set
  double first_accuracy = 0;
  double second_accuracy = 0;
  metrics::PairedScore score;
  metrics::McNemar test;
  // Holm's adjustment over the slices that are tested. Absent for one without reviews, and for one that holds all of
  // them, which would repeat the test of the whole.
  std::optional<double> p_adjusted;

  [[nodiscard]] bool worse() const { return p_adjusted && *p_adjusted < kAlpha && score.difference < 0; }
  [[nodiscard]] bool better() const { return p_adjusted && *p_adjusted < kAlpha && score.difference > 0; }
};

struct PairedReport {
  int64_t n = 0;
  double first_accuracy = 0;
  double second_accuracy = 0;
  metrics::PairedScore score;           // second - first
  metrics::PairedDifference resampled;  // the same by bootstrap
  metrics::McNemar test;
  metrics::NonInferiorityTest non_inferiority;
  metrics::Calibration first_calibration;
  metrics::Calibration second_calibration;
  metrics::PairedDifference brier;  // second - first; below 0 is better
  std::vector<SliceReport> slices;
  PairedOptions options;

  [[nodiscard]] size_t slices_tested() const;
};

// `order`: match_reviews of the two. `traits` belong to the rows of `first`.
Result<PairedReport> compare_predictions(const PredictionFile& first, const PredictionFile& second,
                                         const std::vector<size_t>& order, const ReviewTraits& traits,
                                         const PairedOptions& options);

// {"n","accuracy":{"baseline","model"},"difference":{"value","low","high"},"bootstrap":{...},"mcnemar":{...},
//  "noninferiority":{...},"calibration":{...},"slices":[...]}: as the record and `--json` hold it; first is "baseline".
OrderedJson to_json(const PairedReport& report);

}  // namespace coppice::compare_models
