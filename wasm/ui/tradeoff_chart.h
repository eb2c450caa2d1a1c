// Accuracy against energy, time or size: a point a model with error bars both ways, the Pareto front as a stepped line,
// points on it filled.
#pragma once

#include <imgui.h>

#include "shared/compare/state.h"
#include "wasm/ui/theme.h"

namespace coppice::ui {

// 0 where there is no point to plot.
float tradeoff_chart_height(const compare::State& state, float width);
void draw_tradeoff_chart(const Theme& theme, const compare::State& state, ImVec2 at, ImVec2 size);

}  // namespace coppice::ui
