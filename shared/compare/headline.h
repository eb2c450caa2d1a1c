// Judgements over rows, each a plain function: from logits to a verdict, from times to a summary, from rows to the one
// sentence a visitor reads first.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "shared/compare/state.h"
#include "shared/records/manifest.h"

namespace coppice::compare {

// Softmax over two finite logits; the larger wins, the first of two equal ones.
Verdict judge(std::array<double, 2> logits, const std::vector<std::string>& labels);

// Of at least one time.
TimeSummary summarise_times(std::span<const double> milliseconds);

// Round by round, over the rounds both have; none when there are none or the baseline's clock read 0.
std::optional<TimeRatio> compare_times(std::span<const double> baseline_ms, std::span<const double> times_ms);

// Of the rows that have a verdict; kNone below two.
Agreement agreement_of(const std::vector<ModelRow>& rows);

// "Both models say positive. structured takes 31 % less time than dense." Empty before there is a result.
std::string headline_of(const State& state);

// Copies what the row shows from the manifest.
void describe_row(const records::Manifest& manifest, ModelRow& row);

}  // namespace coppice::compare
