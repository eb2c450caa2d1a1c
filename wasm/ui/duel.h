// Two models side by side, large, with what sets them apart between them.
#pragma once

#include <imgui.h>

#include "shared/compare/state.h"
#include "wasm/ui/theme.h"

namespace coppice::ui {

// There must be a duel (compare::duel_of). Returns the height used.
float draw_duel(const Theme& theme, const compare::State& state, ImVec2 at, float width);

}  // namespace coppice::ui
