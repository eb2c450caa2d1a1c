// The reviews on which two models' verdicts differ, listed to be read.
#pragma once

#include <string>
#include <vector>

#include "native/compare/predictions.h"

namespace coppice::compare_models {

// JSON Lines, the reviews both were surest of first (by the smaller of the two distances of the score from 0.5; ties by
// id): {"id","label","flip":"lost"|"won","baseline":{"model","score"},"model":{"model","score"},"sureness","text"?}.
// "lost": the baseline alone is right. `texts` belong to the rows of `first`, and may be empty.
std::string flips_json_lines(const PredictionFile& first, const PredictionFile& second,
                             const std::vector<size_t>& order, const std::vector<std::string>& texts,
                             const std::string& first_id, const std::string& second_id);

}  // namespace coppice::compare_models
