// The chart under the cards, one of four: every timed run as a dot; the estimated energy with its band, one line a
// model; accuracy against energy, time or size (tradeoff_chart.h); the ledger of the life cycle (ledger_chart.h).
#pragma once

#include <imgui.h>

#include "shared/compare/state.h"
#include "wasm/ui/theme.h"

namespace coppice::ui {

enum class Chart { kTime, kEnergy, kTradeoff, kLedger };  // in the order of the C ABI's numbers

// The card behind each of them: room for the page's tabs, which lie over its top, then the caption. Returns where the
// plot may begin.
inline constexpr float kChartPadding = 20.0F;
float draw_chart_frame(const Theme& theme, Chart chart, ImVec2 at, ImVec2 size, const char* caption,
                       const char* short_caption);
// Above the plot. Charts with a choice beside the tabs have a second line for it where it is narrow (web/style.css).
float chart_frame_height(Chart chart, float width);

ImVec4 series_colour(const Theme& theme, size_t model);
// For ImPlot::SetupAxisFormat.
int percent_label(double value, char* buffer, int size, void* unused);

// 0 while there is nothing to plot.
float chart_height(const Theme& theme, const compare::State& state, Chart chart, float width);

void draw_chart(const Theme& theme, const compare::State& state, Chart chart, ImVec2 at, ImVec2 size);

}  // namespace coppice::ui
