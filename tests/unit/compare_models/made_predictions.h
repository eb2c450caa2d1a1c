// Prediction files from a few characters a review.
#pragma once

#include <string>
#include <vector>

#include "native/compare/predictions.h"

namespace coppice::compare_models {

// Of each review "LP": its label and what was predicted, each 0 or 1; ids r0, r1, ...; scores 0.8 or 0.2.
inline PredictionFile made_predictions(const std::vector<std::string>& reviews, const std::string& source = "made") {
  PredictionFile file;
  file.source = source;
  for (const std::string& review : reviews) {
    Prediction row;
    row.id = "r" + std::to_string(file.rows.size());
    row.label = review[0] - '0';
    row.predicted = review[1] - '0';
    row.score = row.predicted == 1 ? 0.8 : 0.2;
    file.rows.push_back(std::move(row));
  }
  return file;
}

inline std::vector<size_t> same_order(const PredictionFile& file) {
  std::vector<size_t> order(file.rows.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  return order;
}

}  // namespace coppice::compare_models
