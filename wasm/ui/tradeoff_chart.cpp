#include "wasm/ui/tradeoff_chart.h"

#include <implot.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "shared/compare/format.h"
#include "shared/compare/tradeoff.h"
#include "wasm/ui/chart.h"
#include "wasm/ui/paint.h"

namespace coppice::ui {
namespace {

using compare::State;
using compare::Tradeoff;
using compare::TradeoffAxis;
using compare::TradeoffPoint;

constexpr float kTradeoffPlotHeight = 330.0F;
// Beyond this spread, as with a linear model among transformers, a plain axis would put all others on one spot.
constexpr double kLogarithmicFrom = 40;

int axis_value_label(double value, char* buffer, int size, void* axis) {
  std::string text;
  switch (static_cast<TradeoffAxis>(*static_cast<int*>(axis))) {
    case TradeoffAxis::kEnergy:
      text = compare::format_joules(value);
      break;
    case TradeoffAxis::kTime:
      text = compare::format_milliseconds(value);
      break;
    case TradeoffAxis::kSize:
      text = compare::format_bytes(std::llround(value));
      break;
  }
  if (value == 0) text = "0";
  return std::snprintf(buffer, static_cast<size_t>(size), "%s", text.c_str());
}

struct Extents {
  double least_x = 0;
  double most_x = 0;
  double least_y = 0;
  double most_y = 0;
  bool logarithmic = false;
};

Extents extents_of(const std::vector<TradeoffPoint>& points) {
  Extents extents{points[0].x, points[0].x_high, points[0].accuracy_low, points[0].accuracy_high};
  for (const TradeoffPoint& point : points) {
    extents.least_x = std::min(extents.least_x, point.x);
    extents.most_x = std::max(extents.most_x, point.x_high);
    extents.least_y = std::min(extents.least_y, point.accuracy_low);
    extents.most_y = std::max(extents.most_y, point.accuracy_high);
  }
  extents.logarithmic = extents.least_x > 0 && extents.most_x / extents.least_x > kLogarithmicFrom;
  const double margin = std::max(0.006, 0.22 * (extents.most_y - extents.least_y));
  extents.least_y = std::max(0.0, extents.least_y - margin) * 100;
  extents.most_y = std::min(1.0, extents.most_y + margin) * 100;
  if (extents.logarithmic) {
    for (const TradeoffPoint& point : points) {
      if (point.x_low > 0) extents.least_x = std::min(extents.least_x, point.x_low);
    }
    extents.least_x /= 2.5;
    extents.most_x *= 2.5;
  } else {
    extents.least_x = 0;
    extents.most_x *= 1.12;
  }
  return extents;
}

void draw_front(const Theme& theme, const Tradeoff& tradeoff, const Extents& extents) {
  std::vector<double> xs;
  std::vector<double> ys;
  for (const size_t index : tradeoff.front) {
    xs.push_back(tradeoff.points[index].x);
    ys.push_back(tradeoff.points[index].accuracy * 100);
  }
  if (xs.empty()) return;
  xs.push_back(extents.most_x);  // what the best reaches, more energy reaches too
  ys.push_back(ys.back());
  ImPlotSpec step;
  step.LineColor = ImGui::ColorConvertU32ToFloat4(theme.colours->accent);
  step.LineColor.w = 0.65F;
  step.LineWeight = 2;
  ImPlot::PlotStairs("##front", xs.data(), ys.data(), static_cast<int>(xs.size()), step);
}

void draw_point(const Theme& theme, const TradeoffPoint& point, const Extents& extents) {
  const ImVec4 colour = series_colour(theme, point.model);
  const std::string id = std::to_string(point.model);
  const double y = point.accuracy * 100;
  const double left = extents.logarithmic ? std::max(point.x_low, extents.least_x) : point.x_low;
  const double below_x = point.x - left;
  const double above_x = point.x_high - point.x;
  const double below_y = (point.accuracy - point.accuracy_low) * 100;
  const double above_y = (point.accuracy_high - point.accuracy) * 100;
  ImPlotSpec bar;
  bar.LineColor = colour;
  bar.LineColor.w = 0.55F;
  bar.LineWeight = 1.5F;
  bar.Size = 7;
  ImPlot::PlotErrorBars(("##y" + id).c_str(), &point.x, &y, &below_y, &above_y, 1, bar);
  bar.Flags = ImPlotErrorBarsFlags_Horizontal;
  if (below_x + above_x > 0) ImPlot::PlotErrorBars(("##x" + id).c_str(), &point.x, &y, &below_x, &above_x, 1, bar);
  ImPlotSpec dot;
  dot.Marker = ImPlotMarker_Circle;
  dot.MarkerSize = 6.5F;
  dot.LineWeight = 2;
  dot.MarkerLineColor = colour;
  dot.MarkerFillColor = point.on_front ? colour : ImGui::ColorConvertU32ToFloat4(theme.colours->card);
  ImPlot::PlotScatter(("##p" + id).c_str(), &point.x, &y, 1, dot);
}

struct Box {
  ImVec2 from;
  ImVec2 to;
};

bool overlap(const Box& a, const Box& b) {
  return a.from.x < b.to.x && b.from.x < a.to.x && a.from.y < b.to.y && b.from.y < a.to.y;
}

// Each name beside its point, at the first of four places where it meets no other name or point.
void draw_names(const Theme& theme, const State& state, const Tradeoff& tradeoff) {
  const TextStyle style{theme.fonts.semibold, kSmallSize, theme.colours->ink};
  const ImVec2 plot_from = ImPlot::GetPlotPos();
  const ImVec2 plot_size = ImPlot::GetPlotSize();
  const ImVec2 plot_to(plot_from.x + plot_size.x, plot_from.y + plot_size.y);
  std::vector<Box> taken;
  for (const TradeoffPoint& point : tradeoff.points) {
    const ImVec2 at = ImPlot::PlotToPixels(point.x, point.accuracy * 100);
    taken.push_back({ImVec2(at.x - 7, at.y - 7), ImVec2(at.x + 7, at.y + 7)});
  }
  for (const TradeoffPoint& point : tradeoff.points) {
    const std::string& name = state.models[point.model].id;
    const ImVec2 at = ImPlot::PlotToPixels(point.x, point.accuracy * 100);
    const float width = text_width(style, name);
    const float height = style.size;
    const ImVec2 places[] = {
        {at.x + 10, at.y - height - 3}, {at.x - width - 10, at.y - height - 3}, {at.x + 10, at.y + 3},
        {at.x - width - 10, at.y + 3},  {at.x - width / 2, at.y - height - 22}, {at.x - width / 2, at.y + 22}};
    const auto is_free = [&](ImVec2 place) {
      const Box box{place, ImVec2(place.x + width, place.y + height)};
      return place.x >= plot_from.x && box.to.x <= plot_to.x && place.y >= plot_from.y && box.to.y <= plot_to.y &&
             std::none_of(taken.begin(), taken.end(), [&](const Box& other) { return overlap(box, other); });
    };
    const auto* place = std::find_if(std::begin(places), std::end(places), is_free);
    ImVec2 chosen = place == std::end(places) ? places[0] : *place;
    chosen.x = std::clamp(chosen.x, plot_from.x, std::max(plot_from.x, plot_to.x - width));
    TextStyle coloured = style;
    coloured.colour = ImGui::ColorConvertFloat4ToU32(series_colour(theme, point.model));
    draw_text(chosen, coloured, name, plot_size.x);
    taken.push_back({chosen, ImVec2(chosen.x + width, chosen.y + height)});
  }
}

}  // namespace

float tradeoff_chart_height(const State& state, float width) {
  if (compare::tradeoff_of(state, state.choices.axis).points.empty()) return 0;
  return chart_frame_height(Chart::kTradeoff, width) + kTradeoffPlotHeight + 12;
}

void draw_tradeoff_chart(const Theme& theme, const State& state, ImVec2 at, ImVec2 size) {
  const Tradeoff tradeoff = compare::tradeoff_of(state, state.choices.axis);
  if (tradeoff.points.empty()) return;
  const std::string caption =
      "Accuracy against " + tradeoff.source + ". Filled: on the Pareto front, which no other model beats";
  const std::string short_caption =
      "Accuracy against " + std::string(name_of(tradeoff.axis)) + ". Filled: on the front";
  const float top = draw_chart_frame(theme, Chart::kTradeoff, at, size, caption.c_str(), short_caption.c_str());
  const Extents extents = extents_of(tradeoff.points);
  int axis = static_cast<int>(tradeoff.axis);

  ImGui::SetCursorScreenPos(ImVec2(at.x + kChartPadding, top));
  ImGui::PushFont(theme.fonts.regular, kSmallSize);
  const ImPlotFlags flags = ImPlotFlags_NoInputs | ImPlotFlags_NoMenus | ImPlotFlags_NoLegend |
                            ImPlotFlags_NoMouseText | ImPlotFlags_NoTitle | ImPlotFlags_NoFrame;
  if (ImPlot::BeginPlot("##tradeoff", ImVec2(size.x - 2 * kChartPadding, kTradeoffPlotHeight), flags)) {
    const ImPlotAxisFlags quiet = ImPlotAxisFlags_NoMenus | ImPlotAxisFlags_NoHighlight;
    ImPlot::SetupAxes(nullptr, nullptr, quiet, quiet);
    if (extents.logarithmic) ImPlot::SetupAxisScale(ImAxis_X1, ImPlotScale_Log10);
    ImPlot::SetupAxisLimits(ImAxis_X1, extents.least_x, extents.most_x, ImPlotCond_Always);
    ImPlot::SetupAxisLimits(ImAxis_Y1, extents.least_y, extents.most_y, ImPlotCond_Always);
    ImPlot::SetupAxisFormat(ImAxis_X1, axis_value_label, &axis);
    ImPlot::SetupAxisFormat(ImAxis_Y1, percent_label, nullptr);
    draw_front(theme, tradeoff, extents);
    for (const TradeoffPoint& point : tradeoff.points) draw_point(theme, point, extents);
    draw_names(theme, state, tradeoff);
    ImPlot::EndPlot();
  }
  ImGui::PopFont();
}

}  // namespace coppice::ui
