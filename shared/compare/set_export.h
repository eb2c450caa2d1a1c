// A finished or running set as a file to keep: what each model said of each review, and the figures.
//
// CSV (RFC 4180), a row a review: line, review, label, agree, and of each model its verdict, probability_positive,
// milliseconds and tokens (or words), as "MODEL verdict" and so on. Cells that a spreadsheet would take for a formula
// get an apostrophe before them. JSON: {"kind":"coppice_review_set","schema_version":1,...}, with the figures and their
// intervals, and of energy its provenance and band. Milliseconds are of one run (shared/compare/set_runner.h).
#pragma once

#include <string>

#include "shared/compare/set_figures.h"
#include "shared/compare/state.h"

namespace coppice::compare {

// Of the reviews that all models have judged; a model that failed is named in the JSON and has no columns.
std::string set_csv(const ReviewSet& set);
std::string set_json(const ReviewSet& set, const SetFigures& figures, const State& state);

}  // namespace coppice::compare
