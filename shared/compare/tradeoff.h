// Accuracy against energy, time or size: one point a model, with error bars both ways where there are any, and the
// Pareto front: the models that no other beats at one of the two without losing at the other.
#pragma once

#include <string>
#include <vector>

#include "shared/compare/state.h"

namespace coppice::compare {

struct TradeoffPoint {
  size_t model = 0;
  double x = 0;  // joules, milliseconds or bytes
  double x_low = 0;
  double x_high = 0;
  double accuracy = 0;  // 0..1
  double accuracy_low = 0;
  double accuracy_high = 0;
  bool on_front = false;
};

struct Tradeoff {
  TradeoffAxis axis = TradeoffAxis::kEnergy;
  std::vector<TradeoffPoint> points;  // in the order of the rows
  std::vector<size_t> front;          // indices of points, by growing x
  std::string source;                 // where x comes from, in words
};

// Time and energy as found here, once a comparison has found any; before, of the native runs in the manifests, at the
// longest length that all of them have been run at or beyond. The two are never in one plot. Models without a figure
// for x, without accuracy, or of another test set than the first with one are left out.
Tradeoff tradeoff_of(const State& state, TradeoffAxis axis);

// Marks on_front and fills front: a point is off it if another has x no larger and accuracy no smaller, and is better
// at one of them.
void find_front(Tradeoff& tradeoff);

}  // namespace coppice::compare
