// One model's card: the verdict first, then four figures with their intervals, then what the model read.
#pragma once

#include <imgui.h>

#include "shared/compare/state.h"
#include "wasm/ui/theme.h"

namespace coppice::ui {

// The same height for every model at one width, so that cards stand in line.
float card_height(const Theme& theme, const compare::State& state, float width);

void draw_card(const Theme& theme, const compare::State& state, size_t model, ImVec2 at, ImVec2 size);

}  // namespace coppice::ui
