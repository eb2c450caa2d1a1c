#include "shared/metrics/binary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

namespace coppice::metrics {

namespace {

constexpr int kBins = 10;

// One example with what every resample needs of it.
struct Example {
  double score;
  double squared_error;
  double confidence;
  uint8_t label;
  uint8_t prediction;
  uint8_t bin;
  uint8_t confidence_bin;
};

uint8_t bin_of(double score) { return static_cast<uint8_t>(std::min(static_cast<int>(std::floor(score * kBins)), 9)); }

Status check_class(int value, const char* what, size_t index) {
  if (value == 0 || value == 1) return {};
  return invalid_input("metrics: " + std::string(what) + " " + std::to_string(index) + " is " + std::to_string(value) +
                       "; expected 0 or 1");
}

// Examples in ascending order of score, so that one walk gives the ROC area of any weighting.
Result<std::vector<Example>> prepare(std::span<const int> labels, std::span<const double> scores,
                                     std::span<const int> predictions) {
  if (labels.empty()) return invalid_input("metrics: there is no example to evaluate");
  if (labels.size() != scores.size() || labels.size() != predictions.size()) {
    return invalid_usage("metrics: " + std::to_string(labels.size()) + " labels, " + std::to_string(scores.size()) +
                         " scores and " + std::to_string(predictions.size()) +
                         " predictions; there must be one of each for every example");
  }
  if (labels.size() > UINT32_MAX) return invalid_usage("metrics: more than 2^32 examples");
  std::vector<Example> examples;
  examples.reserve(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    COPPICE_RETURN_IF_ERROR(check_class(labels[i], "label", i));
    COPPICE_RETURN_IF_ERROR(check_class(predictions[i], "prediction", i));
    const double score = scores[i];
    if (!(score >= 0.0 && score <= 1.0)) {  // also false for NaN
      return invalid_input("metrics: score " + std::to_string(i) + " is " + std::to_string(score) +
                           "; expected a probability in 0..1");
    }
    const double error = score - labels[i];
    const double confidence = predictions[i] == 1 ? score : 1.0 - score;
    examples.push_back({score, error * error, confidence, static_cast<uint8_t>(labels[i]),
                        static_cast<uint8_t>(predictions[i]), bin_of(score), bin_of(confidence)});
  }
  std::stable_sort(examples.begin(), examples.end(),
                   [](const Example& a, const Example& b) { return a.score < b.score; });
  return examples;
}

double ratio(double part, double whole) { return whole == 0.0 ? 0.0 : part / whole; }

struct Bin {
  double count = 0.0;
  double hits = 0.0;
  double score_sum = 0.0;
};

double calibration_error(const std::array<Bin, kBins>& bins, double n) {
  double error = 0.0;
  for (const Bin& bin : bins) {
    if (bin.count > 0.0) error += bin.count / n * std::abs(bin.hits / bin.count - bin.score_sum / bin.count);
  }
  return error;
}

// `weights[i]` counts how often examples[i] was drawn. Their sum is n.
BinaryMetrics evaluate_weighted(const std::vector<Example>& examples, const std::vector<uint32_t>& weights) {
  std::array<std::array<double, 2>, 2> confusion{};  // [label][prediction]
  std::array<Bin, kBins> bins{};
  std::array<Bin, kBins> confidence_bins{};
  double brier_sum = 0.0;
  double negatives_below = 0.0;
  double ordered_pairs = 0.0;
  for (size_t i = 0; i < examples.size();) {
    double positives_here = 0.0;
    double negatives_here = 0.0;
    const double score = examples[i].score;
    for (; i < examples.size() && examples[i].score == score; ++i) {
      const Example& example = examples[i];
      const double weight = weights[i];
      confusion[example.label][example.prediction] += weight;
      (example.label == 1 ? positives_here : negatives_here) += weight;
      brier_sum += weight * example.squared_error;
      Bin& bin = bins[example.bin];
      bin.count += weight;
      bin.hits += weight * example.label;
      bin.score_sum += weight * example.score;
      Bin& confidence_bin = confidence_bins[example.confidence_bin];
      confidence_bin.count += weight;
      confidence_bin.hits += example.label == example.prediction ? weight : 0.0;
      confidence_bin.score_sum += weight * example.confidence;
    }
    ordered_pairs += positives_here * (negatives_below + 0.5 * negatives_here);
    negatives_below += negatives_here;
  }

  const double tn = confusion[0][0];
  const double fp = confusion[0][1];
  const double fn = confusion[1][0];
  const double tp = confusion[1][1];
  const double n = tn + fp + fn + tp;
  BinaryMetrics metrics;
  metrics.n = static_cast<int64_t>(n);
  metrics.true_negatives = static_cast<int64_t>(tn);
  metrics.false_positives = static_cast<int64_t>(fp);
  metrics.false_negatives = static_cast<int64_t>(fn);
  metrics.true_positives = static_cast<int64_t>(tp);
  metrics.accuracy = (tp + tn) / n;
  metrics.precision = ratio(tp, tp + fp);
  metrics.recall = ratio(tp, tp + fn);
  metrics.f1 = ratio(2.0 * tp, 2.0 * tp + fp + fn);
  const double f1_of_class0 = ratio(2.0 * tn, 2.0 * tn + fp + fn);
  const bool has_class0 = tn + fp + fn > 0.0;
  const bool has_class1 = tp + fp + fn > 0.0;
  metrics.macro_f1 = has_class0 && has_class1 ? 0.5 * (metrics.f1 + f1_of_class0)
                     : has_class1             ? metrics.f1
                                              : f1_of_class0;
  const double positives = tp + fn;
  const double negatives = tn + fp;
  if (positives > 0.0 && negatives > 0.0) metrics.roc_auc = ordered_pairs / (positives * negatives);
  // Two square roots of products: exactly 1 for perfect predictions, and far from overflow.
  metrics.mcc = ratio(tp * tn - fp * fn, std::sqrt((tp + fp) * positives) * std::sqrt(negatives * (tn + fn)));
  metrics.brier = brier_sum / n;
  metrics.ece10 = calibration_error(bins, n);
  metrics.ece10_confidence = calibration_error(confidence_bins, n);
  return metrics;
}

std::optional<Interval> interval_of(std::vector<double>& values, int resamples) {
  if (values.empty() || values.size() * 2 < static_cast<size_t>(resamples)) return std::nullopt;
  const Result<double> low = percentile(values, 2.5);
  const Result<double> high = percentile(values, 97.5);
  if (!low || !high) return std::nullopt;
  return Interval{*low, *high};
}

}  // namespace

Result<BinaryMetrics> evaluate_binary(std::span<const int> labels, std::span<const double> scores_of_class1,
                                      std::span<const int> predictions) {
  COPPICE_ASSIGN_OR_RETURN(const std::vector<Example> examples, prepare(labels, scores_of_class1, predictions));
  return evaluate_weighted(examples, std::vector<uint32_t>(examples.size(), 1));
}

Result<BinaryIntervals> binary_intervals(std::span<const int> labels, std::span<const double> scores_of_class1,
                                         std::span<const int> predictions, int resamples, uint64_t seed) {
  if (resamples < 1) return invalid_usage("metrics: the number of resamples must be positive");
  COPPICE_ASSIGN_OR_RETURN(const std::vector<Example> examples, prepare(labels, scores_of_class1, predictions));
  const auto n = static_cast<uint32_t>(examples.size());
  CounterRandom random(seed);
  std::vector<uint32_t> weights(n);
  std::array<std::vector<double>, 9> samples;
  for (int resample = 0; resample < resamples; ++resample) {
    std::fill(weights.begin(), weights.end(), 0U);
    for (uint32_t draw = 0; draw < n; ++draw) ++weights[random.below(n)];
    const BinaryMetrics metrics = evaluate_weighted(examples, weights);
    samples[0].push_back(metrics.precision);
    samples[1].push_back(metrics.recall);
    samples[2].push_back(metrics.f1);
    samples[3].push_back(metrics.macro_f1);
    if (metrics.roc_auc) samples[4].push_back(*metrics.roc_auc);
    samples[5].push_back(metrics.mcc);
    samples[6].push_back(metrics.brier);
    samples[7].push_back(metrics.ece10);
    samples[8].push_back(metrics.ece10_confidence);
  }
  const BinaryMetrics whole = evaluate_weighted(examples, std::vector<uint32_t>(n, 1));
  BinaryIntervals intervals;
  COPPICE_ASSIGN_OR_RETURN(intervals.accuracy, wilson_interval(whole.true_negatives + whole.true_positives, whole.n));
  intervals.precision = interval_of(samples[0], resamples);
  intervals.recall = interval_of(samples[1], resamples);
  intervals.f1 = interval_of(samples[2], resamples);
  intervals.macro_f1 = interval_of(samples[3], resamples);
  intervals.roc_auc = interval_of(samples[4], resamples);
  intervals.mcc = interval_of(samples[5], resamples);
  intervals.brier = interval_of(samples[6], resamples);
  intervals.ece10 = interval_of(samples[7], resamples);
  intervals.ece10_confidence = interval_of(samples[8], resamples);
  intervals.resamples = resamples;
  intervals.seed = seed;
  return intervals;
}

Result<Interval> wilson_interval(int64_t successes, int64_t n) {
  if (n <= 0 || successes < 0 || successes > n) {
    return invalid_usage("metrics: Wilson's interval needs 0 <= successes <= n and n > 0, not " +
                         std::to_string(successes) + " of " + std::to_string(n));
  }
  constexpr double z = 1.959963984540054;  // 97.5 % point of the standard normal
  const auto count = static_cast<double>(n);
  const double share = static_cast<double>(successes) / count;
  const double z2 = z * z;
  const double centre = (share + z2 / (2.0 * count)) / (1.0 + z2 / count);
  const double half = z / (1.0 + z2 / count) * std::sqrt(share * (1.0 - share) / count + z2 / (4.0 * count * count));
  return Interval{successes == 0 ? 0.0 : std::max(0.0, centre - half),
                  successes == n ? 1.0 : std::min(1.0, centre + half)};
}

OrderedJson to_json(const BinaryMetrics& metrics, const BinaryIntervals* intervals) {
  OrderedJson json;
  json["accuracy"] = metrics.accuracy;
  json["precision"] = metrics.precision;
  json["recall"] = metrics.recall;
  json["f1"] = metrics.f1;
  json["macro_f1"] = metrics.macro_f1;
  json["roc_auc"] = metrics.roc_auc ? OrderedJson(*metrics.roc_auc) : OrderedJson(nullptr);
  json["mcc"] = metrics.mcc;
  json["ece"] = metrics.ece10;
  json["ece_confidence"] = metrics.ece10_confidence;
  json["brier"] = metrics.brier;
  json["confusion"] = OrderedJson::array({OrderedJson::array({metrics.true_negatives, metrics.false_positives}),
                                          OrderedJson::array({metrics.false_negatives, metrics.true_positives})});
  json["n"] = metrics.n;
  if (intervals != nullptr) {
    const auto pair = [](const std::optional<Interval>& interval) {
      return interval ? OrderedJson::array({interval->low, interval->high}) : OrderedJson(nullptr);
    };
    OrderedJson& out = json["intervals"];
    out["accuracy"] = pair(intervals->accuracy);
    out["precision"] = pair(intervals->precision);
    out["recall"] = pair(intervals->recall);
    out["f1"] = pair(intervals->f1);
    out["macro_f1"] = pair(intervals->macro_f1);
    out["roc_auc"] = pair(intervals->roc_auc);
    out["mcc"] = pair(intervals->mcc);
    out["ece"] = pair(intervals->ece10);
    out["ece_confidence"] = pair(intervals->ece10_confidence);
    out["brier"] = pair(intervals->brier);
  }
  return json;
}

}  // namespace coppice::metrics
