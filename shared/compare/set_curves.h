// What the plots of a set show: a figure over the first n reviews, for n up to what is done, and the time of each
// review by what the model read of it. Thinned evenly, so that a plot of 25,000 reviews is drawn in no time.
#pragma once

#include <cstddef>
#include <vector>

#include "shared/compare/set_runner.h"

namespace coppice::compare {

struct CurvePoint {
  double reviews = 0;  // judged so far: of those that count
  double value = 0;    // share in 0..1
  double low = 0;      // Wilson's 95 % interval
  double high = 0;
};

// Accuracy of a model over the reviews with a label; empty where none has one.
std::vector<CurvePoint> accuracy_curve(const ReviewSet& set, size_t place, size_t most_points);
// All models give one verdict; empty with fewer than two models.
std::vector<CurvePoint> agreement_curve(const ReviewSet& set, size_t most_points);

struct TimePoints {
  std::vector<double> tokens;
  std::vector<double> milliseconds;
};
TimePoints times_by_tokens(const ReviewSet& set, size_t place, size_t most_points);

// Where the axis of times ends. One stalled run among thousands would flatten all others: of each model, what lies far
// beyond its middle half (Tukey's outer fence, and twice its upper quartile) stays outside. 0 without any point.
double robust_top(const std::vector<TimePoints>& models);

}  // namespace coppice::compare
