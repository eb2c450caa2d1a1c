// The whole drawing: cards side by side as the width allows, the chart below. Reads the state and changes nothing.
#pragma once

#include "shared/compare/state.h"
#include "wasm/ui/chart.h"
#include "wasm/ui/theme.h"

namespace coppice::ui {

// Draws between ImGui::NewFrame() and Render(). Returns the height that the content needs at `width`.
float draw_page(const Theme& theme, const compare::State& state, Chart chart, float width);

}  // namespace coppice::ui
