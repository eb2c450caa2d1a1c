#include "shared/metrics/calibration.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace coppice::metrics {

Result<Calibration> calibration_of(std::span<const int> labels, std::span<const double> scores_of_class1) {
  if (labels.empty() || labels.size() != scores_of_class1.size()) {
    return invalid_usage("metrics: calibration needs two lists of one length, not " + std::to_string(labels.size()) +
                         " and " + std::to_string(scores_of_class1.size()));
  }
  Calibration calibration;
  const auto n = static_cast<double>(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    const double score = scores_of_class1[i];
    if (labels[i] != 0 && labels[i] != 1) {
      return invalid_input("metrics: label " + std::to_string(i) + " is neither 0 nor 1");
    }
    if (!(score >= 0.0 && score <= 1.0)) {
      return invalid_input("metrics: score " + std::to_string(i) + " is not in 0..1");
    }
    ReliabilityBin& bin =
        calibration.bins[std::min(static_cast<size_t>(score * kReliabilityBins), kReliabilityBins - 1)];
    ++bin.n;
    bin.mean_score += score;
    bin.share_positive += labels[i];
    calibration.brier += (score - labels[i]) * (score - labels[i]) / n;
  }
  for (ReliabilityBin& bin : calibration.bins) {
    if (bin.n == 0) continue;
    calibration.ece += std::abs(bin.share_positive - bin.mean_score) / n;
    bin.mean_score /= static_cast<double>(bin.n);
    bin.share_positive /= static_cast<double>(bin.n);
  }
  return calibration;
}

}  // namespace coppice::metrics
