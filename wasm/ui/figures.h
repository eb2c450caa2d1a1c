// The four figures of a model as they are drawn on cards and in rows: label, value, interval, and what a tooltip says
// of where it comes from.
#pragma once

#include <string>

#include "shared/compare/state.h"

namespace coppice::ui {

struct Figure {
  const char* label;
  std::string value;   // "–" where there is none
  std::string detail;  // the interval, or what else belongs beside it
  std::string tooltip;
};

Figure time_figure(const compare::State& state, const compare::ModelRow& row);
Figure energy_figure(const compare::State& state, const compare::ModelRow& row);
Figure accuracy_figure(const compare::ModelRow& row);
Figure size_figure(const compare::ModelRow& row);

// What stands beside a model's name: "baseline", "44 % less time and energy", "pruned". `is_saving`: it is a clear one.
struct Note {
  std::string text;
  bool is_saving = false;
};
Note note_of(const compare::State& state, size_t model);

}  // namespace coppice::ui
