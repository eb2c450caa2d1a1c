// L2-regularised logistic regression on sparse features, with the naive Bayes weighting of Wang and Manning 2012.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "shared/base/status.h"
#include "shared/linear/features.h"

namespace coppice::linear {

struct LogisticOptions {
  // Mean loss + l2 / 2 (|w|^2 + bias^2) is minimised.
  double l2 = 1e-4;
  // Features are multiplied by the log ratio of their smoothed shares in the two classes before the fit, which is
  // folded into the weights afterwards. 0: no such weighting.
  double naive_bayes_smoothing = 1;
  // Features of fewer training texts get no weight: what occurred once says more of its text than of the label.
  int64_t min_texts = 1;
  int max_passes = 200;
  double tolerance = 1e-2;  // duality gap against the value: how far from the minimum it may be
  uint64_t seed = 1;        // of the order of the texts in each pass
};

struct LogisticFit {
  std::vector<float> weights;  // one a bucket, 0 where there is none
  double bias = 0;
  int passes = 0;
  bool converged = false;
  double gap = 0;   // the value is at most this share above the minimum
  double loss = 0;  // mean over the training texts, without the penalty
};

// By dual coordinate descent (Yu, Huang and Lin 2011), in one thread: the same data give the same weights. `labels`: 0
// or 1, one a text; both occur. kInterrupted if `interrupt` is set on the way.
Result<LogisticFit> fit_logistic(const std::vector<std::vector<Feature>>& texts, const std::vector<int>& labels,
                                 int64_t buckets, const LogisticOptions& options, const std::atomic<bool>& interrupt);

}  // namespace coppice::linear
