#include "shared/compare/what_if.h"

#include <cmath>

#include "shared/compare/format.h"
#include "shared/compare/ledger.h"
#include "shared/compare/order.h"

namespace coppice::compare {
namespace {

energy::InferenceCost cost_of(const State& state, const ModelRow& row) {
  energy::InferenceCost cost{row.estimate->energy, std::nullopt};
  if (row.time && state.choices.method == energy::InferenceMethod::kTimePower) {
    cost.relative_time_error = energy::relative_error_of_median(row.time->median_ms, row.time->mad_ms,
                                                                static_cast<double>(row.times_ms.size()));
  }
  return cost;
}

// On one device both times are multiplied with the same power, and both counts with the same energy per operation: what
// is not known of it does not make the sign of the saving doubtful.
bool share_their_error(const State& state, const ModelRow& a, const ModelRow& b) {
  switch (state.choices.method) {
    case energy::InferenceMethod::kTimePower:
      return true;
    case energy::InferenceMethod::kOperations:
      return a.facts.int8 == b.facts.int8;
    case energy::InferenceMethod::kShipped:
      return false;  // a manifest does not say whether the two ran in turns
  }
  return false;
}

std::string reviews_text(double count) {
  if (count < 1) return "less than one review";
  return format_number(std::ceil(count)) + (count <= 1 ? " review" : " reviews");
}

void take_break_even(const State& state, size_t model, size_t baseline, WhatIfRow& result) {
  const ModelRow& base = state.models[baseline];
  if (model == baseline) {
    result.break_even_text = "baseline";
    return;
  }
  if (!base.estimate) return;
  const std::optional<energy::Figure<energy::Joules>> cost = cost_of_making(state, model, baseline);
  if (!cost) {
    result.break_even_text = "no record says what its making took";
    return;
  }
  const ModelRow& row = state.models[model];
  const energy::Saving saving =
      energy::saving_per_inference(cost_of(state, base), cost_of(state, row), share_their_error(state, base, row));
  result.break_even = energy::break_even(*cost, saving);
  // Stricter than the saving's own interval, and what the page calls no clear difference elsewhere: the ratios round by
  // round must lie below 1.
  if (state.choices.method == energy::InferenceMethod::kTimePower &&
      !(row.against_baseline && row.against_baseline->interval.high < 1.0)) {
    result.break_even->never = true;
  }
  result.break_even_text = result.break_even->never ? "never: the saving may be none"
                                                    : reviews_text(result.break_even->inferences) + " (" +
                                                          format_number(std::ceil(result.break_even->low)) + " to " +
                                                          format_number(std::ceil(result.break_even->high)) + ")";
}

}  // namespace

std::optional<energy::Figure<energy::Joules>> cost_of_making(const State& state, size_t model, size_t baseline) {
  std::vector<size_t> makers;
  for (const size_t part : lineage_of(state, model)) {
    if (part == baseline) break;
    if (state.models[part].facts.making.empty()) return std::nullopt;
    makers.push_back(part);
  }
  std::optional<energy::Figure<energy::Joules>> cost;
  for (const MakingRun& run : making_of(state, makers, baseline)) cost = cost ? *cost + run.energy : run.energy;
  return cost;
}

std::vector<WhatIfRow> what_if(const State& state) {
  std::vector<WhatIfRow> rows;
  const std::optional<size_t> baseline = baseline_of(state);
  const auto reviews = static_cast<double>(state.choices.reviews);
  for (const size_t model : display_order(state)) {
    const ModelRow& row = state.models[model];
    if (!row.estimate) continue;
    WhatIfRow result;
    result.model = model;
    result.energy = row.estimate->energy * reviews;
    result.operational = row.estimate->carbon * reviews;
    if (row.estimate->embodied) result.embodied = *row.estimate->embodied * reviews;
    result.equivalents = energy::equivalents_of(result.energy, result.operational);
    if (baseline) take_break_even(state, model, *baseline, result);
    rows.push_back(std::move(result));
  }
  return rows;
}

}  // namespace coppice::compare
