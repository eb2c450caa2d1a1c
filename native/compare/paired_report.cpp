#include "native/compare/paired_report.h"

#include <algorithm>

#include "shared/metrics/multiple.h"

namespace coppice::compare_models {
namespace {

metrics::PairedCounts counts_of(const metrics::McNemar& test, int64_t n) {
  return {n, test.only_first_right, test.only_second_right};
}

Result<SliceReport> report_slice(const Slice& slice, const std::vector<int>& first, const std::vector<int>& second) {
  SliceReport report;
  report.family = slice.family;
  report.name = slice.name;
  report.n = static_cast<int64_t>(slice.members.size());
  if (report.n == 0) return report;
  int64_t first_right = 0;
  int64_t second_right = 0;
  int64_t only_first = 0;
  int64_t only_second = 0;
  for (const uint32_t i : slice.members) {
    first_right += first[i];
    second_right += second[i];
    only_first += first[i] > second[i] ? 1 : 0;
    only_second += second[i] > first[i] ? 1 : 0;
  }
  report.first_accuracy = static_cast<double>(first_right) / static_cast<double>(report.n);
  report.second_accuracy = static_cast<double>(second_right) / static_cast<double>(report.n);
  COPPICE_ASSIGN_OR_RETURN(report.test, metrics::mcnemar_exact(only_first, only_second));
  COPPICE_ASSIGN_OR_RETURN(report.score, metrics::paired_score(counts_of(report.test, report.n)));
  return report;
}

Status adjust(std::vector<SliceReport>& slices, int64_t n) {
  std::vector<double> p_values;
  const auto is_tested = [&](const SliceReport& slice) { return slice.n > 0 && slice.n < n; };
  for (const SliceReport& slice : slices) {
    if (is_tested(slice)) p_values.push_back(slice.test.p_value);
  }
  COPPICE_ASSIGN_OR_RETURN(const std::vector<double> adjusted, metrics::holm_adjusted(p_values));
  size_t next = 0;
  for (SliceReport& slice : slices) {
    if (is_tested(slice)) slice.p_adjusted = adjusted[next++];
  }
  return {};
}

OrderedJson interval_json(double value, const metrics::Interval& interval) {
  return {{"value", value}, {"low", interval.low}, {"high", interval.high}};
}

OrderedJson test_json(const metrics::McNemar& test) {
  return {{"only_baseline_right", test.only_first_right},
          {"only_model_right", test.only_second_right},
          {"p_value", test.p_value}};
}

OrderedJson calibration_json(const metrics::Calibration& calibration) {
  OrderedJson json = {{"ece", calibration.ece}, {"brier", calibration.brier}, {"bins", OrderedJson::array()}};
  for (const metrics::ReliabilityBin& bin : calibration.bins) {
    OrderedJson entry = {{"n", bin.n}};
    if (bin.n > 0) {
      entry["mean_score"] = bin.mean_score;
      entry["share_positive"] = bin.share_positive;
    }
    json["bins"].push_back(std::move(entry));
  }
  return json;
}

OrderedJson slice_json(const SliceReport& slice) {
  OrderedJson json = {{"family", slice.family}, {"name", slice.name}, {"n", slice.n}};
  if (slice.n == 0) return json;
  json["accuracy"] = {{"baseline", slice.first_accuracy}, {"model", slice.second_accuracy}};
  json["difference"] = interval_json(slice.score.difference, slice.score.interval);
  json["mcnemar"] = test_json(slice.test);
  if (slice.p_adjusted) {
    json["p_adjusted"] = *slice.p_adjusted;
    json["worse"] = slice.worse();
    json["better"] = slice.better();
  }
  return json;
}

}  // namespace

size_t PairedReport::slices_tested() const {
  return static_cast<size_t>(std::count_if(slices.begin(), slices.end(),
                                           [](const SliceReport& slice) { return slice.p_adjusted.has_value(); }));
}

Result<PairedReport> compare_predictions(const PredictionFile& first, const PredictionFile& second,
                                         const std::vector<size_t>& order, const ReviewTraits& traits,
                                         const PairedOptions& options) {
  PairedReport report;
  report.options = options;
  report.n = static_cast<int64_t>(first.rows.size());
  std::vector<int> labels;
  std::vector<int> first_right;
  std::vector<int> second_right;
  std::vector<double> first_scores;
  std::vector<double> second_scores;
  std::vector<double> first_values;
  std::vector<double> second_values;
  std::vector<double> first_errors;
  std::vector<double> second_errors;
  for (size_t i = 0; i < first.rows.size(); ++i) {
    const Prediction& a = first.rows[i];
    const Prediction& b = second.rows[order[i]];
    labels.push_back(a.label);
    first_right.push_back(a.right() ? 1 : 0);
    second_right.push_back(b.right() ? 1 : 0);
    first_values.push_back(first_right.back());
    second_values.push_back(second_right.back());
    first_scores.push_back(a.score);
    second_scores.push_back(b.score);
    first_errors.push_back((a.score - a.label) * (a.score - a.label));
    second_errors.push_back((b.score - b.label) * (b.score - b.label));
  }
  report.first_accuracy = first.accuracy();
  report.second_accuracy = second.accuracy();
  COPPICE_ASSIGN_OR_RETURN(report.test, metrics::mcnemar_exact(first_right, second_right));
  const metrics::PairedCounts counts = counts_of(report.test, report.n);
  COPPICE_ASSIGN_OR_RETURN(report.score, metrics::paired_score(counts));
  COPPICE_ASSIGN_OR_RETURN(report.non_inferiority, metrics::non_inferiority(counts, options.margin));
  COPPICE_ASSIGN_OR_RETURN(report.resampled,
                           metrics::paired_difference(first_values, second_values, options.resamples, options.seed));
  COPPICE_ASSIGN_OR_RETURN(report.first_calibration, metrics::calibration_of(labels, first_scores));
  COPPICE_ASSIGN_OR_RETURN(report.second_calibration, metrics::calibration_of(labels, second_scores));
  COPPICE_ASSIGN_OR_RETURN(report.brier,
                           metrics::paired_difference(first_errors, second_errors, options.resamples, options.seed));
  for (const Slice& slice : make_slices(labels, traits)) {
    COPPICE_ASSIGN_OR_RETURN(SliceReport sliced, report_slice(slice, first_right, second_right));
    report.slices.push_back(std::move(sliced));
  }
  COPPICE_RETURN_IF_ERROR(adjust(report.slices, report.n));
  return report;
}

OrderedJson to_json(const PairedReport& report) {
  OrderedJson json;
  json["n"] = report.n;
  json["accuracy"] = {{"baseline", report.first_accuracy}, {"model", report.second_accuracy}};
  json["difference"] = interval_json(report.score.difference, report.score.interval);
  json["bootstrap"] = interval_json(report.resampled.difference, report.resampled.interval);
  json["bootstrap"]["resamples"] = report.options.resamples;
  json["bootstrap"]["seed"] = report.options.seed;
  json["mcnemar"] = test_json(report.test);
  json["noninferiority"] = {{"margin", report.non_inferiority.margin},
                            {"p_value", report.non_inferiority.p_value},
                            {"verdict", metrics::to_string(report.non_inferiority.verdict)}};
  json["calibration"] = {{"baseline", calibration_json(report.first_calibration)},
                         {"model", calibration_json(report.second_calibration)},
                         {"brier_difference", interval_json(report.brier.difference, report.brier.interval)}};
  json["alpha"] = kAlpha;
  json["slice_rules"] = kSliceRules;
  json["slices_tested"] = report.slices_tested();
  json["slices"] = OrderedJson::array();
  for (const SliceReport& slice : report.slices) json["slices"].push_back(slice_json(slice));
  return json;
}

}  // namespace coppice::compare_models
