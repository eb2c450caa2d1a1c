#include "wasm/ui/set_page.h"

#include <implot.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "shared/compare/format.h"
#include "shared/compare/set_curves.h"
#include "wasm/ui/chart.h"
#include "wasm/ui/paint.h"

namespace coppice::ui {
namespace {

using compare::CurvePoint;
using compare::ReviewSet;
using compare::SetModel;

constexpr float kSetPlotHeight = 320.0F;
constexpr float kTitleHeight = 40.0F;
constexpr float kSetLegendLine = 22.0F;
constexpr float kNarrowestPlot = 360.0F;
constexpr size_t kMostCurvePoints = 300;
constexpr size_t kMostTimePoints = 1500;

constexpr ImPlotFlags kPlotFlags = ImPlotFlags_NoInputs | ImPlotFlags_NoMenus | ImPlotFlags_NoLegend |
                                   ImPlotFlags_NoMouseText | ImPlotFlags_NoTitle | ImPlotFlags_NoFrame;
constexpr ImPlotAxisFlags kAxisFlags = ImPlotAxisFlags_NoMenus | ImPlotAxisFlags_NoHighlight;

// Colour and marker of a model: told apart by both.
constexpr ImPlotMarker kMarkers[] = {ImPlotMarker_Circle, ImPlotMarker_Square, ImPlotMarker_Diamond, ImPlotMarker_Up,
                                     ImPlotMarker_Cross};

int milliseconds_label(double value, char* buffer, int size, void*) {
  return std::snprintf(buffer, static_cast<size_t>(size), "%g ms", value);
}

struct Curve {
  std::string name;
  std::vector<CurvePoint> points;
  size_t place;  // of the colour
};

std::vector<Curve> curves_of(const ReviewSet& set) {
  std::vector<Curve> curves;
  if (set.file->labelled > 0) {
    for (size_t place = 0; place < set.models.size(); ++place) {
      curves.push_back({set.models[place].id, compare::accuracy_curve(set, place, kMostCurvePoints), place});
    }
  } else {
    curves.push_back({"all models give one verdict", compare::agreement_curve(set, kMostCurvePoints), 0});
  }
  std::erase_if(curves, [](const Curve& curve) { return curve.points.empty(); });
  return curves;
}

void draw_frame(const Theme& theme, ImVec2 at, ImVec2 size, const char* caption, const char* short_caption) {
  const Palette& colours = *theme.colours;
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(at, ImVec2(at.x + size.x, at.y + size.y), colours.card, 12);
  list->AddRect(at, ImVec2(at.x + size.x, at.y + size.y), colours.border, 12);
  const TextStyle title{theme.fonts.semibold, kTextSize, colours.ink};
  const float width = size.x - 2 * kPadding;
  draw_text(ImVec2(at.x + kPadding, at.y + kPadding - 4), title,
            text_width(title, caption) <= width ? caption : short_caption, width);
}

// Names, each after its colour, on as many lines as they need; returns the height.
float draw_legend(const Theme& theme, ImVec2 at, float width,
                  const std::vector<std::pair<std::string, size_t>>& names) {
  const TextStyle style{theme.fonts.regular, kSmallSize, theme.colours->ink};
  float x = 0;
  float y = 0;
  ImDrawList* list = ImGui::GetWindowDrawList();
  for (const auto& [name, place] : names) {
    const float wanted = 18 + text_width(style, name);
    if (x > 0 && x + wanted > width) {
      x = 0;
      y += kSetLegendLine;
    }
    const ImVec2 from(at.x + x, at.y + y);
    const ImU32 colour = theme.colours->series[place % std::size(theme.colours->series)];
    list->AddRectFilled(ImVec2(from.x, from.y + 4), ImVec2(from.x + 12, from.y + 16), colour, 3);
    draw_text(ImVec2(from.x + 18, from.y), style, name, width - 18);
    x += wanted + 18;
  }
  return y + kSetLegendLine;
}

// Where a plot begins under its title and legend; draws both.
float draw_head(const Theme& theme, ImVec2 at, ImVec2 size, const std::vector<std::pair<std::string, size_t>>& names) {
  const float top = at.y + kPadding + kTitleHeight - 12;
  return top + draw_legend(theme, ImVec2(at.x + kPadding, top), size.x - 2 * kPadding, names) + 4;
}

void draw_shares(const Theme& theme, const ReviewSet& set, ImVec2 at, ImVec2 size) {
  const bool labelled = set.file->labelled > 0;
  draw_frame(theme, at, size,
             labelled ? "Accuracy so far, with its 95 % interval" : "Agreement so far, with its 95 % interval",
             labelled ? "Accuracy so far" : "Agreement so far");
  const std::vector<Curve> curves = curves_of(set);
  std::vector<std::pair<std::string, size_t>> names;
  double lowest = 100;
  double most = 1;
  for (const Curve& curve : curves) {
    names.emplace_back(curve.name, curve.place);
    most = std::max(most, curve.points.back().reviews);
    // The first few reviews say nothing, and their width would flatten the rest.
    for (const CurvePoint& point : curve.points) {
      if (point.reviews * 5 >= curve.points.back().reviews) lowest = std::min(lowest, 100 * point.low);
    }
  }
  lowest = curves.empty() ? 0 : 10.0 * std::max(0, static_cast<int>(lowest / 10));
  const float top = draw_head(theme, at, size, names);
  ImGui::SetCursorScreenPos(ImVec2(at.x + kPadding, top));
  ImGui::PushFont(theme.fonts.regular, kSmallSize);
  if (ImPlot::BeginPlot("##shares", ImVec2(size.x - 2 * kPadding, at.y + size.y - top), kPlotFlags)) {
    ImPlot::SetupAxes("reviews", nullptr, kAxisFlags, kAxisFlags);
    ImPlot::SetupAxisLimits(ImAxis_X1, 0, most * 1.02, ImPlotCond_Always);
    ImPlot::SetupAxisLimits(ImAxis_Y1, lowest, 101, ImPlotCond_Always);
    ImPlot::SetupAxisFormat(ImAxis_Y1, percent_label);
    for (const Curve& curve : curves) {
      std::vector<double> x;
      std::vector<double> value;
      std::vector<double> low;
      std::vector<double> high;
      for (const CurvePoint& point : curve.points) {
        x.push_back(point.reviews);
        value.push_back(100 * point.value);
        low.push_back(100 * point.low);
        high.push_back(100 * point.high);
      }
      const int count = static_cast<int>(x.size());
      ImPlotSpec band;
      band.FillColor = series_colour(theme, curve.place);
      band.FillAlpha = 0.16F;
      ImPlot::PlotShaded(("##band" + curve.name).c_str(), x.data(), low.data(), high.data(), count, band);
      ImPlotSpec line;
      line.LineColor = series_colour(theme, curve.place);
      line.LineWeight = 2.5F;
      ImPlot::PlotLine(("##line" + curve.name).c_str(), x.data(), value.data(), count, line);
    }
    ImPlot::EndPlot();
  }
  ImGui::PopFont();
}

// Times beyond the axis, put at its end.
struct Beyond {
  std::vector<compare::TimePoints> points;  // by model
  size_t count = 0;
  double most = 0;
};

Beyond move_to_edge(std::vector<compare::TimePoints>& models, double top) {
  Beyond beyond;
  for (compare::TimePoints& all : models) {
    compare::TimePoints within;
    compare::TimePoints edge;
    for (size_t i = 0; i < all.tokens.size(); ++i) {
      const bool inside = all.milliseconds[i] <= top;
      compare::TimePoints& part = inside ? within : edge;
      part.tokens.push_back(all.tokens[i]);
      part.milliseconds.push_back(inside ? all.milliseconds[i] : 1.04 * top);
      if (!inside) beyond.most = std::max(beyond.most, all.milliseconds[i]);
    }
    beyond.count += edge.tokens.size();
    all = std::move(within);
    beyond.points.push_back(std::move(edge));
  }
  return beyond;
}

void draw_times(const Theme& theme, const ReviewSet& set, ImVec2 at, ImVec2 size) {
  draw_frame(theme, at, size, "Time of each review by the tokens (or words) read", "Time by tokens read");
  std::vector<std::pair<std::string, size_t>> names;
  std::vector<compare::TimePoints> points;
  double most_tokens = 8;
  for (size_t place = 0; place < set.models.size(); ++place) {
    points.push_back(compare::times_by_tokens(set, place, kMostTimePoints));
    if (points.back().tokens.empty()) continue;
    names.emplace_back(set.models[place].id, place);
    most_tokens = std::max(most_tokens, *std::max_element(points.back().tokens.begin(), points.back().tokens.end()));
  }
  const double most_ms = compare::robust_top(points);
  const Beyond beyond = move_to_edge(points, most_ms);
  float top = draw_head(theme, at, size, names);
  if (beyond.count > 0) {
    char note[96];
    std::snprintf(note, sizeof note, "%zu above the axis (arrows), up to %s", beyond.count,
                  compare::format_milliseconds(beyond.most).c_str());
    draw_text(ImVec2(at.x + kPadding, top), {theme.fonts.regular, kSmallSize, theme.colours->muted}, note,
              size.x - 2 * kPadding);
    top += kSetLegendLine;
  }
  ImGui::SetCursorScreenPos(ImVec2(at.x + kPadding, top));
  ImGui::PushFont(theme.fonts.regular, kSmallSize);
  if (ImPlot::BeginPlot("##times", ImVec2(size.x - 2 * kPadding, at.y + size.y - top), kPlotFlags)) {
    ImPlot::SetupAxes("tokens or words read", nullptr, kAxisFlags, kAxisFlags);
    ImPlot::SetupAxisLimits(ImAxis_X1, 0, most_tokens * 1.05, ImPlotCond_Always);
    ImPlot::SetupAxisLimits(ImAxis_Y1, 0, most_ms > 0 ? most_ms * 1.08 : 1, ImPlotCond_Always);
    ImPlot::SetupAxisFormat(ImAxis_Y1, milliseconds_label);
    for (size_t place = 0; place < points.size(); ++place) {
      if (points[place].tokens.empty()) continue;
      ImPlotSpec dots;
      dots.Marker = kMarkers[place % std::size(kMarkers)];
      dots.MarkerSize = 3.5F;
      dots.LineColor = series_colour(theme, place);
      dots.MarkerFillColor = series_colour(theme, place);
      dots.MarkerLineColor = ImGui::ColorConvertU32ToFloat4(theme.colours->card);
      dots.FillAlpha = 0.75F;
      ImPlot::PlotScatter(("##times" + std::to_string(place)).c_str(), points[place].tokens.data(),
                          points[place].milliseconds.data(), static_cast<int>(points[place].tokens.size()), dots);
      const compare::TimePoints& edge = beyond.points[place];
      dots.Marker = ImPlotMarker_Up;
      dots.MarkerSize = 6.0F;
      ImPlot::PlotScatter(("##beyond" + std::to_string(place)).c_str(), edge.tokens.data(), edge.milliseconds.data(),
                          static_cast<int>(edge.tokens.size()), dots);
    }
    ImPlot::EndPlot();
  }
  ImGui::PopFont();
}

}  // namespace

float draw_set_page(const Theme& theme, const ReviewSet& set, float width) {
  if (set.phase == compare::SetPhase::kEmpty || compare::reviews_done(set) == 0) return 0;
  begin_surface("##set");
  const float room = width - 2 * kMargin;
  const bool beside = room >= 2 * kNarrowestPlot + kGap;
  const ImVec2 size(beside ? (room - kGap) / 2 : room, kSetPlotHeight);
  draw_shares(theme, set, ImVec2(kMargin, kMargin), size);
  draw_times(theme, set, beside ? ImVec2(kMargin + size.x + kGap, kMargin) : ImVec2(kMargin, kMargin + size.y + kGap),
             size);
  end_surface();
  return (beside ? size.y : 2 * size.y + kGap) + 2 * kMargin;
}

}  // namespace coppice::ui
