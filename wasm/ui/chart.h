// The chart under the cards: every timed run as a dot, or the estimated energy with its band, one line a model.
#pragma once

#include <imgui.h>

#include "shared/compare/state.h"
#include "wasm/ui/theme.h"

namespace coppice::ui {

enum class Chart { kTime, kEnergy };

// 0 while there is nothing to plot.
float chart_height(const compare::State& state);

void draw_chart(const Theme& theme, const compare::State& state, Chart chart, ImVec2 at, ImVec2 size);

}  // namespace coppice::ui
