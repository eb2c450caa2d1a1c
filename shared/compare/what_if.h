// What if N reviews like this one were read? Energy, carbon of the electricity and of the device apart, everyday things
// that take as much, and after how many reviews a smaller model has repaid its making.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shared/compare/state.h"
#include "shared/energy/break_even.h"
#include "shared/energy/equivalents.h"

namespace coppice::compare {

struct WhatIfRow {
  size_t model = 0;
  energy::Figure<energy::Joules> energy;
  energy::Figure<energy::GramsCo2e> operational;
  std::optional<energy::Figure<energy::GramsCo2e>> embodied;  // the device's making, by the time taken
  std::vector<energy::EquivalentCount> equivalents;
  std::optional<energy::BreakEven> break_even;  // none for the baseline, and where no record says what making took
  std::string break_even_text;                  // in words, why there is none included
};

// Of the models with an estimate, in the order they are shown.
std::vector<WhatIfRow> what_if(const State& state);

// What making `model` took beyond the baseline: the sum over its lineage down to the baseline, or to the end of the
// rows where the baseline is none of its ancestors, without runs that made the baseline too. None where a model of them
// has no figure.
std::optional<energy::Figure<energy::Joules>> cost_of_making(const State& state, size_t model, size_t baseline);

}  // namespace coppice::compare
