// The comparison as people, spreadsheets and programs read it.
#pragma once

#include <string>

#include "native/compare/paired_report.h"
#include "native/compare/summary.h"
#include "shared/base/json.h"

namespace coppice::compare_models {

// The table of models with its notes below it.
std::string overview_text(const Overview& overview);
// One line a model; figures with _low and _high, empty where they are not known.
std::string overview_csv(const Overview& overview);
OrderedJson to_json(const Overview& overview);

// Of two models on the same reviews; `first` is the baseline.
std::string paired_text(const PairedReport& report, const std::string& first, const std::string& second);

// "shown: ..." as a sentence: what the interval says of a loss of `margin`.
std::string non_inferiority_sentence(const PairedReport& report);

}  // namespace coppice::compare_models
