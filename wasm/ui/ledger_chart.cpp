#include "wasm/ui/ledger_chart.h"

#include <implot.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "shared/compare/format.h"
#include "shared/compare/ledger.h"
#include "wasm/ui/chart.h"
#include "wasm/ui/paint.h"

namespace coppice::ui {
namespace {

using compare::LedgerRow;
using compare::LedgerStage;
using compare::Stage;
using compare::State;

constexpr float kLedgerRow = 62.0F;  // name above, bar below
constexpr float kLedgerAxis = 40.0F;
constexpr float kLegendLine = 26.0F;

int joules_label(double value, char* buffer, int size, void*) {
  const std::string text = value == 0 ? "0" : compare::format_joules(value);
  return std::snprintf(buffer, static_cast<size_t>(size), "%s", text.c_str());
}

// Draws the legend if `draw`; returns its height.
float legend(const Theme& theme, const std::vector<Stage>& stages, ImVec2 at, float width, bool draw) {
  const TextStyle style{theme.fonts.regular, kSmallSize, theme.colours->ink};
  float x = 0;
  float y = 0;
  for (const Stage stage : stages) {
    std::string name = compare::name_of(stage);
    if (stage == Stage::kDownload) name += " (assumed)";
    const float item = 20 + text_width(style, name) + 18;
    if (x > 0 && x + item > width) {
      x = 0;
      y += kLegendLine;
    }
    if (draw) {
      const ImVec2 from(at.x + x, at.y + y + 4);
      ImGui::GetWindowDrawList()->AddRectFilled(from, ImVec2(from.x + 13, from.y + 13),
                                                theme.colours->stages[static_cast<size_t>(stage)], 3);
      draw_text(ImVec2(at.x + x + 20, at.y + y), style, name);
    }
    x += item;
  }
  return stages.empty() ? 0 : y + kLegendLine;
}

void draw_bar_of(const Theme& theme, const LedgerRow& row, double place) {
  ImDrawList* list = ImPlot::GetPlotDrawList();
  double from = 0;
  for (const LedgerStage& stage : row.stages) {
    const double to = from + stage.energy.value.value();
    const ImVec2 top_left = ImPlot::PlotToPixels(from, place + 0.08);
    ImVec2 bottom_right = ImPlot::PlotToPixels(to, place - 0.34);
    // A hairline of the card between neighbours, as long as there is room.
    if (bottom_right.x - top_left.x > 4) bottom_right.x -= 1.5F;
    list->AddRectFilled(top_left, bottom_right, theme.colours->stages[static_cast<size_t>(stage.stage)], 2);
    const std::string text =
        std::string(name_of(stage.stage)) + ": " + compare::format_joules(stage.energy.value.value()) + " (" +
        compare::format_joules(stage.energy.low.value()) + " to " + compare::format_joules(stage.energy.high.value()) +
        ")\n" + energy::to_string(stage.energy.provenance.kind) + ": " + stage.energy.provenance.method;
    tooltip_over(top_left, bottom_right, text.c_str());
    from = to;
  }
  const ImVec2 low = ImPlot::PlotToPixels(row.total.low.value(), place - 0.13);
  const ImVec2 high = ImPlot::PlotToPixels(row.total.high.value(), place - 0.13);
  const ImU32 ink = theme.colours->ink;
  list->AddLine(low, high, ink, 1.5F);
  for (const ImVec2& end : {low, high}) list->AddLine(ImVec2(end.x, end.y - 5), ImVec2(end.x, end.y + 5), ink, 1.5F);
}

}  // namespace

float ledger_chart_height(const Theme& theme, const State& state, float width) {
  const std::vector<LedgerRow> rows = compare::ledger_of(state);
  if (rows.empty()) return 0;
  return chart_frame_height(Chart::kLedger, width) +
         legend(theme, compare::stages_of(rows), ImVec2(0, 0), width - 2 * kChartPadding, false) +
         kLedgerRow * static_cast<float>(rows.size()) + kLedgerAxis + 14;
}

void draw_ledger_chart(const Theme& theme, const State& state, ImVec2 at, ImVec2 size) {
  const std::vector<LedgerRow> rows = compare::ledger_of(state);
  if (rows.empty()) return;
  const std::string reviews = compare::format_number(static_cast<double>(state.choices.reviews));
  const std::string caption = "Energy of a model's life with " + reviews +
                              " reviews: the stages sum to the total, the line is the total's band";
  const std::string short_caption = "Life with " + reviews + " reviews; line: band";
  float top = draw_chart_frame(theme, Chart::kLedger, at, size, caption.c_str(), short_caption.c_str());
  const float width = size.x - 2 * kChartPadding;
  top += legend(theme, compare::stages_of(rows), ImVec2(at.x + kChartPadding, top), width, true);

  double most = 0;
  for (const LedgerRow& row : rows) most = std::max(most, row.total.high.value());
  ImGui::SetCursorScreenPos(ImVec2(at.x + kChartPadding, top));
  ImGui::PushFont(theme.fonts.regular, kSmallSize);
  const ImPlotFlags flags = ImPlotFlags_NoInputs | ImPlotFlags_NoMenus | ImPlotFlags_NoLegend |
                            ImPlotFlags_NoMouseText | ImPlotFlags_NoTitle | ImPlotFlags_NoFrame;
  const float height = kLedgerRow * static_cast<float>(rows.size()) + kLedgerAxis;
  if (ImPlot::BeginPlot("##ledger", ImVec2(width, height), flags)) {
    const ImPlotAxisFlags quiet = ImPlotAxisFlags_NoMenus | ImPlotAxisFlags_NoHighlight;
    ImPlot::SetupAxes(nullptr, nullptr, quiet, quiet | ImPlotAxisFlags_NoGridLines | ImPlotAxisFlags_NoTickLabels);
    ImPlot::SetupAxisLimits(ImAxis_X1, 0, most * 1.06, ImPlotCond_Always);
    ImPlot::SetupAxisLimits(ImAxis_Y1, -0.5, static_cast<double>(rows.size()) - 0.5, ImPlotCond_Always);
    ImPlot::SetupAxisFormat(ImAxis_X1, joules_label, nullptr);
    const TextStyle name{theme.fonts.semibold, kSmallSize, theme.colours->ink};
    const TextStyle total{theme.fonts.regular, kSmallSize, theme.colours->ink};
    for (size_t i = 0; i < rows.size(); ++i) {
      const double place = static_cast<double>(rows.size() - 1 - i);
      draw_bar_of(theme, rows[i], place);
      const ImVec2 label = ImPlot::PlotToPixels(0, place + 0.46);
      const std::string sum = compare::format_joules(rows[i].total.value.value());
      draw_text(label, name, state.models[rows[i].model].id, width - text_width(total, sum) - 16);
      draw_text_right(at.x + size.x - kChartPadding, label.y, total, sum);
    }
    ImPlot::EndPlot();
  }
  ImGui::PopFont();
}

}  // namespace coppice::ui
