#include "native/linear/selection.h"

#include <cmath>
#include <optional>

#include "native/linear/parallel.h"

namespace coppice::linear {
namespace {

struct Prepared {
  std::vector<TextNgrams> ngrams;
  std::vector<int> labels;
};

Prepared prepare(const std::vector<data::Review>& reviews, const SelectionOptions& options) {
  Prepared prepared;
  prepared.ngrams.resize(reviews.size());
  in_parallel(options.threads, reviews.size(), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) prepared.ngrams[i] = ngrams_of(reviews[i].text, options.features.max_ngram);
  });
  for (const data::Review& review : reviews) prepared.labels.push_back(review.label);
  return prepared;
}

std::vector<std::vector<Feature>> features_of(const Prepared& prepared, const FeatureOptions& options) {
  std::vector<std::vector<Feature>> features;
  for (const TextNgrams& ngrams : prepared.ngrams) features.push_back(features_of(ngrams, options));
  return features;
}

double log_loss(double score, int label) {
  const double margin = label == 1 ? score : -score;
  return margin > 0 ? std::log1p(std::exp(-margin)) : -margin + std::log1p(std::exp(margin));
}

Score score_of(const std::vector<double>& scores, const std::vector<int>& labels, double factor = 1) {
  Score result;
  for (size_t i = 0; i < scores.size(); ++i) {
    // As predict says it: positive only above 0.
    result.accuracy += (scores[i] > 0) == (labels[i] == 1) ? 1 : 0;
    result.loss += log_loss(scores[i] * factor, labels[i]);
  }
  result.accuracy /= static_cast<double>(scores.size());
  result.loss /= static_cast<double>(scores.size());
  return result;
}

template <typename Weights>
std::vector<double> scores_of(const std::vector<std::vector<Feature>>& texts, const Weights& weights, double scale,
                              double bias) {
  std::vector<double> scores;
  for (const std::vector<Feature>& text : texts) {
    double sum = 0;
    for (const Feature& feature : text) sum += static_cast<double>(weights[feature.bucket]) * feature.value;
    scores.push_back(sum * scale + bias);
  }
  return scores;
}

}  // namespace

double best_factor(const std::vector<double>& scores, const std::vector<int>& labels) {
  // The loss is convex in the factor, so its only low is found by golden section; in the logarithm, for the range.
  constexpr double kGolden = 0.6180339887498949;
  double low = std::log(1.0 / 20);
  double high = std::log(20.0);
  const auto loss = [&](double x) { return score_of(scores, labels, std::exp(x)).loss; };
  double a = high - kGolden * (high - low);
  double b = low + kGolden * (high - low);
  double loss_a = loss(a);
  double loss_b = loss(b);
  while (high - low > 1e-3) {
    if (loss_a < loss_b) {
      high = b;
      b = a;
      loss_b = loss_a;
      a = high - kGolden * (high - low);
      loss_a = loss(a);
    } else {
      low = a;
      a = b;
      loss_a = loss_b;
      b = low + kGolden * (high - low);
      loss_b = loss(b);
    }
  }
  return std::exp((low + high) / 2);
}

Result<Selection> select_linear(const std::vector<data::Review>& training, const std::vector<data::Review>& validation,
                                const SelectionOptions& options,
                                const std::function<void(const Candidate&)>& on_candidate,
                                const std::atomic<bool>& interrupt) {
  if (validation.empty()) return invalid_input("there are no reviews to validate on; the model could not be chosen");
  const Prepared train = prepare(training, options);
  const Prepared check = prepare(validation, options);
  Selection selection;
  std::optional<LogisticFit> best;
  for (const int64_t bits : options.hash_bits) {
    FeatureOptions features = options.features;
    features.hash_bits = bits;
    const std::vector<std::vector<Feature>> train_features = features_of(train, features);
    const std::vector<std::vector<Feature>> check_features = features_of(check, features);
    for (const double l2 : options.l2) {
      LogisticOptions fit_options;
      fit_options.l2 = l2;
      fit_options.naive_bayes_smoothing = options.naive_bayes_smoothing;
      fit_options.min_texts = options.min_texts;
      fit_options.max_passes = options.max_passes;
      COPPICE_ASSIGN_OR_RETURN(LogisticFit fit,
                               fit_logistic(train_features, train.labels, int64_t{1} << bits, fit_options, interrupt));
      const std::vector<double> scores = scores_of(check_features, fit.weights, 1, fit.bias);
      const double factor = best_factor(scores, check.labels);
      const Score score = score_of(scores, check.labels, factor);
      selection.candidates.push_back({bits, l2, fit.passes, fit.converged, fit.loss, factor, score});
      if (on_candidate) on_candidate(selection.candidates.back());
      if (best && score.loss >= selection.candidates[selection.chosen].validation.loss) continue;
      selection.chosen = selection.candidates.size() - 1;
      best = std::move(fit);
    }
  }
  if (!best) return invalid_usage("give at least one --hash-bits and one --l2");
  selection.config.features = options.features;
  selection.config.features.hash_bits = selection.candidates[selection.chosen].hash_bits;
  selection.weights = quantise(best->weights, best->bias);
  const std::vector<double> scores = scores_of(features_of(check, selection.config.features), selection.weights.weight,
                                               selection.weights.scale, selection.weights.bias);
  selection.factor = best_factor(scores, check.labels);
  selection.weights.scale *= static_cast<float>(selection.factor);
  selection.weights.bias *= static_cast<float>(selection.factor);
  selection.validation = score_of(scores, check.labels, selection.factor);
  return selection;
}

OrderedJson to_json(const Candidate& candidate) {
  OrderedJson json;
  json["hash_bits"] = candidate.hash_bits;
  json["l2"] = candidate.l2;
  json["passes"] = candidate.passes;
  json["converged"] = candidate.converged;
  json["training_loss"] = candidate.training_loss;
  json["validation_accuracy"] = candidate.validation.accuracy;
  json["validation_loss"] = candidate.validation.loss;
  json["calibration_factor"] = candidate.factor;
  return json;
}

}  // namespace coppice::linear
