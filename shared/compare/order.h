// Which model the others are set against, which one the eye should meet first, and in which order they stand.
#pragma once

#include <optional>
#include <vector>

#include "shared/compare/state.h"

namespace coppice::compare {

// The chosen one if it has times, else the first that has. Before there are times: the chosen one, else the first
// model that can be compared. None in an empty catalogue.
std::optional<size_t> baseline_of(const State& state);

// The model that the page is about: of those that are pruned or quantised and of the baseline's architecture, the one
// that took least time against the baseline; before there are times, the one with the fewest operations. Failed and
// unselected ones do not count.
std::optional<size_t> pick_of(const State& state);

// The other side of the duel: the chosen rival, else the pick, else the first that is not the baseline.
std::optional<size_t> rival_of(const State& state);

// Indices of all models as they are shown. kSuggested: pick, baseline, then as in the catalogue. By a figure: the
// smallest first, by accuracy the highest; models without the figure last.
std::vector<size_t> display_order(const State& state);

// kAuto resolved: rows from five models on.
Layout layout_of(const State& state);

}  // namespace coppice::compare
