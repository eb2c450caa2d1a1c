// What a run over a set of reviews shows so far: accuracy, agreement, time and energy, over the reviews that all models
// have judged. Plain functions of the set.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/compare/set_runner.h"
#include "shared/energy/carbon.h"
#include "shared/energy/device.h"
#include "shared/energy/figure.h"
#include "shared/metrics/paired_score.h"
#include "shared/metrics/robust.h"

namespace coppice::compare {

// A share of reviews with Wilson's 95 % interval.
struct Share {
  int64_t count = 0;
  int64_t of = 0;  // above 0
  metrics::Interval interval;
  [[nodiscard]] double value() const { return static_cast<double>(count) / static_cast<double>(of); }
};

struct SetModelFigures {
  std::optional<Share> accuracy;                      // over the reviews with a label
  std::optional<metrics::PairedScore> against_first;  // its accuracy minus that of the first model, paired
  std::optional<Share> agreement_with_first;          // none for the first itself
  // Time of a review, in milliseconds: median and the middle half. Reviews differ in length, so this is a spread, not
  // an interval of the median.
  std::optional<double> median_ms;
  metrics::Interval middle_half_ms;
  double seconds = 0;  // of all reviews together
  // Of all reviews together, by time x power of the device chosen: modelled. The band is that of the power.
  std::optional<energy::Figure<energy::Joules>> energy;
};

struct SetFigures {
  size_t done = 0;                 // reviews judged by all models
  std::optional<Share> agreement;  // all models give one verdict; none with fewer than two models
  std::vector<SetModelFigures> models;
  std::vector<size_t> disagreements;  // reviews, in order
};

// device and intensity: null where none is chosen; then there is no energy.
SetFigures figures_of(const ReviewSet& set, const energy::DevicePreset* device, const energy::Intensity* intensity);

}  // namespace coppice::compare
