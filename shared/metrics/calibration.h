// Do probabilities mean what they say? The bins of a reliability diagram.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "shared/base/status.h"

namespace coppice::metrics {

inline constexpr size_t kReliabilityBins = 10;

// Of the reviews whose score of class 1 is in [i/10, (i+1)/10), the last with 1 in it: the bins of
// BinaryMetrics::ece10.
struct ReliabilityBin {
  int64_t n = 0;
  double mean_score = 0.0;      // 0 where n is 0
  double share_positive = 0.0;  // of class 1 by the label
};

struct Calibration {
  double ece = 0.0;    // sum over bins of n_bin/n |share_positive - mean_score| (Naeini, Cooper, Hauskrecht 2015)
  double brier = 0.0;  // mean (score - label)^2 (Brier 1950)
  std::array<ReliabilityBin, kReliabilityBins> bins;
};

// Lists of one length, at least 1; labels 0 or 1, scores in 0..1.
Result<Calibration> calibration_of(std::span<const int> labels, std::span<const double> scores_of_class1);

}  // namespace coppice::metrics
