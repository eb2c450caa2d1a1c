// The life cycle's ledger: one bar a model, its stages stacked to the total, a line for the total's band, and what each
// colour stands for.
#pragma once

#include <imgui.h>

#include "shared/compare/state.h"
#include "wasm/ui/theme.h"

namespace coppice::ui {

// 0 where there is no model to plot.
float ledger_chart_height(const Theme& theme, const compare::State& state, float width);
void draw_ledger_chart(const Theme& theme, const compare::State& state, ImVec2 at, ImVec2 size);

}  // namespace coppice::ui
