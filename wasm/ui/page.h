// The whole drawing: the models as cards, rows or a duel, the chart below. Reads the state and changes nothing.
#pragma once

#include "shared/compare/state.h"
#include "wasm/ui/chart.h"
#include "wasm/ui/theme.h"

namespace coppice::ui {

struct PageSize {
  float height = 0;  // that the content needs
  float chart_top = 0;
  float chart_height = 0;  // 0: there is no chart
};

// Draws between ImGui::NewFrame() and Render().
PageSize draw_page(const Theme& theme, const compare::State& state, Chart chart, float width);

}  // namespace coppice::ui
