// Rows with results, made up: for what is worked out from a state alone.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "shared/compare/headline.h"
#include "shared/compare/state.h"

namespace coppice::compare {

inline energy::Figure<energy::Joules> joules(double value, double low, double high) {
  return {
      energy::Joules(value), energy::Joules(low), energy::Joules(high), {energy::ProvenanceKind::kModelled, "made up"}};
}

// Selected, ready, of one test set, 2 MB, 90 % (89 to 91) accurate; no results.
inline ModelRow plain_row(const std::string& id, const std::string& parent = "") {
  ModelRow row;
  row.id = id;
  row.parent = parent;
  row.phase = ModelPhase::kReady;
  row.model_bytes = 2'000'000;
  row.accuracy = records::MetricValue{0.90, 0.89, 0.91};
  row.test_set = "imdb test 00";
  return row;
}

// With times that do not vary, a verdict and an energy of one joule a millisecond (half to double).
inline ModelRow timed_row(const std::string& id, double milliseconds, const std::string& parent = "") {
  ModelRow row = plain_row(id, parent);
  row.verdict = judge({0, 2}, {"negative", "positive"});
  row.times_ms = {milliseconds, milliseconds, milliseconds};
  row.time = summarise_times(row.times_ms);
  row.estimate = Estimate{joules(milliseconds, milliseconds / 2, milliseconds * 2),
                          {energy::GramsCo2e(milliseconds / 10),
                           energy::GramsCo2e(milliseconds / 20),
                           energy::GramsCo2e(milliseconds / 5),
                           {}},
                          std::nullopt};
  return row;
}

// Ratios of times against the first row, as a comparison leaves them.
inline void set_against_first(State& state) {
  for (size_t i = 1; i < state.models.size(); ++i) {
    state.models[i].against_baseline = compare_times(state.models[0].times_ms, state.models[i].times_ms);
  }
}

}  // namespace coppice::compare
