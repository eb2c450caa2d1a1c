// Fitting a linear model and choosing its size and regularisation on validation reviews.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "native/data/review.h"
#include "native/linear/logistic.h"
#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/linear/linear_model.h"

namespace coppice::linear {

struct SelectionOptions {
  FeatureOptions features;  // hash_bits is chosen
  std::vector<int64_t> hash_bits;
  std::vector<double> l2;
  double naive_bayes_smoothing = 0;
  int64_t min_texts = 1;
  int max_passes = 200;
  int threads = 0;
};

struct Score {
  double accuracy = 0;
  double loss = 0;  // mean log loss
};

struct Candidate {
  int64_t hash_bits = 0;
  double l2 = 0;
  int passes = 0;
  bool converged = false;
  double training_loss = 0;
  double factor = 1;  // best_factor of its validation scores
  Score validation;   // with the factor
};

struct Selection {
  LinearConfig config;
  LinearWeights weights;  // quantised and calibrated
  std::vector<Candidate> candidates;
  size_t chosen = 0;
  double factor = 1;  // in scale and bias: above 1 makes the verdicts surer
  Score validation;   // of the model as it is written
};

// The one with the lowest validation loss, calibrated: an accuracy on some thousand reviews has a standard error larger
// than what candidates differ by, the loss has not. `on_candidate` is told each fit.
Result<Selection> select_linear(const std::vector<data::Review>& training, const std::vector<data::Review>& validation,
                                const SelectionOptions& options,
                                const std::function<void(const Candidate&)>& on_candidate,
                                const std::atomic<bool>& interrupt);

OrderedJson to_json(const Candidate& candidate);

// The factor on `scores` (log odds of class 1) with the lowest mean log loss, between 1/20 and 20.
double best_factor(const std::vector<double>& scores, const std::vector<int>& labels);

}  // namespace coppice::linear
