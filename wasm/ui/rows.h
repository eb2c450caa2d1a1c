// Many models, one row each: name, verdict and four figures, in columns where there is room, else in three short lines.
#pragma once

#include <imgui.h>

#include "shared/compare/state.h"
#include "wasm/ui/theme.h"

namespace coppice::ui {

// Returns the height used.
float draw_rows(const Theme& theme, const compare::State& state, ImVec2 at, float width);

}  // namespace coppice::ui
