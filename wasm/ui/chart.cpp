#include "wasm/ui/chart.h"

#include <implot.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "shared/compare/format.h"
#include "shared/compare/order.h"
#include "wasm/ui/ledger_chart.h"
#include "wasm/ui/paint.h"
#include "wasm/ui/tradeoff_chart.h"

namespace coppice::ui {
namespace {

using compare::ModelRow;
using compare::State;

constexpr float kTabsHeight = 54.0F;    // web/style.css: .chart-tabs
constexpr float kChoiceHeight = 44.0F;  // of the line below them
constexpr float kTabsAndChoice = 560.0F;
constexpr float kCaptionHeight = 34.0F;
constexpr float kRowHeight = 54.0F;
constexpr float kAxisHeight = 46.0F;

// Lines of the chart: indices of models with times.
std::vector<size_t> plotted(const State& state) {
  std::vector<size_t> models;
  for (const size_t i : compare::display_order(state)) {
    if (!state.models[i].times_ms.empty()) models.push_back(i);
  }
  return models;
}

int axis_label(double value, char* buffer, int size, void* unit) {
  return std::snprintf(buffer, static_cast<size_t>(size), "%g %s", value, static_cast<const char*>(unit));
}

// One line: the interval as a thick translucent bar, the middle as a tick.
void draw_summary(const Theme& theme, size_t model, double y, double low, double middle, double high) {
  const double interval_x[2] = {low, high};
  const double interval_y[2] = {y, y};
  ImPlotSpec bar;
  bar.LineColor = series_colour(theme, model);
  bar.LineColor.w = 0.28F;
  bar.LineWeight = 14;
  const std::string bar_id = "##interval" + std::to_string(model);
  ImPlot::PlotLine(bar_id.c_str(), interval_x, interval_y, 2, bar);
  const double tick_x[2] = {middle, middle};
  const double tick_y[2] = {y - 0.24, y + 0.24};
  ImPlotSpec tick;
  tick.LineColor = series_colour(theme, model);
  tick.LineWeight = 3;
  const std::string tick_id = "##median" + std::to_string(model);
  ImPlot::PlotLine(tick_id.c_str(), tick_x, tick_y, 2, tick);
}

void draw_runs(const Theme& theme, size_t model, double y, const std::vector<double>& times_ms) {
  // Runs stand above one another in the order they were made, so that drift over time can be seen.
  std::vector<double> ys;
  for (size_t i = 0; i < times_ms.size(); ++i) {
    const double place = times_ms.size() > 1 ? static_cast<double>(i) / static_cast<double>(times_ms.size() - 1) : 0.5;
    ys.push_back(y + 0.16 - 0.32 * place);
  }
  ImPlotSpec dots;
  dots.Marker = ImPlotMarker_Circle;
  dots.MarkerSize = 4;
  dots.LineColor = series_colour(theme, model);
  dots.MarkerFillColor = series_colour(theme, model);
  dots.MarkerLineColor = ImGui::ColorConvertU32ToFloat4(theme.colours->card);
  const std::string id = "##runs" + std::to_string(model);
  ImPlot::PlotScatter(id.c_str(), times_ms.data(), ys.data(), static_cast<int>(times_ms.size()), dots);
}

// Round steps from 0, so few that their labels do not touch on `room` pixels: on a phone ImPlot's own choice does.
std::vector<double> round_ticks(double most, float room) {
  constexpr float kLabelRoom = 72.0F;
  const double wanted = most / std::max(1.0F, std::floor(room / kLabelRoom));
  const double power = std::pow(10.0, std::floor(std::log10(wanted)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= wanted) step = factor * power;
  }
  std::vector<double> ticks;
  for (int i = 0; i * step <= most; ++i) ticks.push_back(i * step);
  return ticks;
}

double largest(const State& state, const std::vector<size_t>& models, Chart chart) {
  double most = 0;
  for (const size_t model : models) {
    const ModelRow& row = state.models[model];
    if (chart == Chart::kTime) {
      for (const double time : row.times_ms) most = std::max(most, time);
    } else if (row.estimate) {
      most = std::max(most, row.estimate->energy.high.value());
    }
  }
  return most > 0 ? most : 1.0;
}

}  // namespace

ImVec4 series_colour(const Theme& theme, size_t model) {
  return ImGui::ColorConvertU32ToFloat4(theme.colours->series[model % std::size(theme.colours->series)]);
}

int percent_label(double value, char* buffer, int size, void*) {
  return std::snprintf(buffer, static_cast<size_t>(size), "%g %%", value);
}

float chart_frame_height(Chart chart, float width) {
  const bool has_choice = chart == Chart::kTradeoff || chart == Chart::kLedger;
  return kTabsHeight + kCaptionHeight + (has_choice && width < kTabsAndChoice ? kChoiceHeight : 0.0F);
}

float draw_chart_frame(const Theme& theme, Chart chart, ImVec2 at, ImVec2 size, const char* caption,
                       const char* short_caption) {
  const Palette& colours = *theme.colours;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 to(at.x + size.x, at.y + size.y);
  list->AddRectFilled(at, to, colours.card, 12);
  list->AddRect(at, to, colours.border, 12);
  const TextStyle style{theme.fonts.regular, kSmallSize, colours.muted};
  const float width = size.x - 2 * kChartPadding;
  draw_text(ImVec2(at.x + kChartPadding, at.y + chart_frame_height(chart, size.x) - kCaptionHeight + 4), style,
            text_width(style, caption) <= width ? caption : short_caption, width);
  return at.y + chart_frame_height(chart, size.x);
}

float chart_height(const Theme& theme, const State& state, Chart chart, float width) {
  if (chart == Chart::kTradeoff) return tradeoff_chart_height(state, width);
  if (chart == Chart::kLedger) return ledger_chart_height(theme, state, width);
  const size_t lines = plotted(state).size();
  if (lines == 0) return 0;
  return chart_frame_height(chart, width) + kRowHeight * static_cast<float>(lines) + kAxisHeight;
}

void draw_chart(const Theme& theme, const State& state, Chart chart, ImVec2 at, ImVec2 size) {
  if (chart == Chart::kTradeoff) return draw_tradeoff_chart(theme, state, at, size);
  if (chart == Chart::kLedger) return draw_ledger_chart(theme, state, at, size);
  const std::vector<size_t> models = plotted(state);
  if (models.empty()) return;
  const char* caption = chart == Chart::kTime
                            ? "Time per review: each dot one run, the line their median, the bar its 95 % interval"
                            : "Energy per review, modelled: the line is the typical device, the bar its whole band";
  const char* short_caption = chart == Chart::kTime ? "Dots: runs. Line: median, bar: its interval"
                                                    : "Modelled. Line: typical, bar: whole band";
  const float width = size.x - 2 * kChartPadding;
  const float plot_top = draw_chart_frame(theme, chart, at, size, caption, short_caption);

  // A unit that keeps the axis in short numbers.
  double scale = 1.0;
  const char* unit = "ms";
  const double most = largest(state, models, chart);
  if (chart == Chart::kEnergy) {
    scale = most < 1.0 ? 1e3 : 1.0;
    unit = most < 1.0 ? "mJ" : "J";
  }

  std::vector<double> places;
  std::vector<const char*> names;
  float widest = 0;
  for (size_t line = 0; line < models.size(); ++line) {
    places.push_back(static_cast<double>(models.size() - 1 - line));
    names.push_back(state.models[models[line]].id.c_str());
    widest = std::max(widest, text_width({theme.fonts.regular, kSmallSize, theme.colours->ink}, names.back()));
  }

  ImGui::SetCursorScreenPos(ImVec2(at.x + kChartPadding, plot_top));
  ImGui::PushFont(theme.fonts.regular, kSmallSize);
  const ImPlotFlags flags = ImPlotFlags_NoInputs | ImPlotFlags_NoMenus | ImPlotFlags_NoLegend |
                            ImPlotFlags_NoMouseText | ImPlotFlags_NoTitle | ImPlotFlags_NoFrame;
  if (ImPlot::BeginPlot("##chart", ImVec2(width, at.y + size.y - plot_top - 6), flags)) {
    ImPlot::SetupAxes(nullptr, nullptr, ImPlotAxisFlags_NoMenus | ImPlotAxisFlags_NoHighlight,
                      ImPlotAxisFlags_NoGridLines | ImPlotAxisFlags_NoMenus | ImPlotAxisFlags_NoHighlight);
    ImPlot::SetupAxisLimits(ImAxis_X1, 0, most * scale * 1.08, ImPlotCond_Always);
    ImPlot::SetupAxisLimits(ImAxis_Y1, -0.5, static_cast<double>(models.size()) - 0.5, ImPlotCond_Always);
    ImPlot::SetupAxisFormat(ImAxis_X1, axis_label, const_cast<char*>(unit));
    const std::vector<double> ticks = round_ticks(most * scale, width - widest);
    ImPlot::SetupAxisTicks(ImAxis_X1, ticks.data(), static_cast<int>(ticks.size()));
    ImPlot::SetupAxisTicks(ImAxis_Y1, places.data(), static_cast<int>(places.size()), names.data());
    for (size_t line = 0; line < models.size(); ++line) {
      const ModelRow& row = state.models[models[line]];
      if (chart == Chart::kEnergy) {
        if (!row.estimate) continue;
        const auto& joules = row.estimate->energy;
        draw_summary(theme, models[line], places[line], joules.low.value() * scale, joules.value.value() * scale,
                     joules.high.value() * scale);
        continue;
      }
      if (row.time) {
        draw_summary(theme, models[line], places[line], row.time->interval_ms.low, row.time->median_ms,
                     row.time->interval_ms.high);
      }
      draw_runs(theme, models[line], places[line], row.times_ms);
    }
    ImPlot::EndPlot();
  }
  ImGui::PopFont();
}

}  // namespace coppice::ui
