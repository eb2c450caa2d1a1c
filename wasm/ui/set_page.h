// The drawing of a run over a set of reviews: accuracy (or agreement, where the reviews have no labels) so far with its
// interval, and the time of each review by what was read of it. Reads the set and changes nothing.
#pragma once

#include "shared/compare/set_runner.h"
#include "wasm/ui/theme.h"

namespace coppice::ui {

// Draws between ImGui::NewFrame() and Render(). Returns the height that the content needs at `width`.
float draw_set_page(const Theme& theme, const compare::ReviewSet& set, float width);

}  // namespace coppice::ui
