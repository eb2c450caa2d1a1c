// Colours and type sizes of the drawn comparison. The page's own CSS (web/style.css) uses the same values.
//
// Positive is blue and negative orange: they stay apart for every common form of colour blindness, and no verdict
// relies on colour alone (an arrow and the word go with it). Text colours keep at least 4.5:1 on the card behind them.
#pragma once

#include <imgui.h>

namespace coppice::ui {

struct Palette {
  ImU32 page;  // behind the cards: the page's background
  ImU32 card;
  ImU32 border;
  ImU32 ink;
  ImU32 muted;  // labels and units
  ImU32 track;  // empty part of a bar
  ImU32 positive;
  ImU32 negative;
  ImU32 accent;  // progress, savings
  ImU32 warning;
  ImU32 series[8];  // models in the charts
  ImU32 stages[8];  // of a model's life, in the order of compare::Stage
};

const Palette& palette(bool dark);

// Type scale. Dear ImGui's size is a font's whole line, ascent to descent, which in Source Sans 3 is 1.424 of the size
// that CSS would say: 15 CSS pixels are a line of 21.4.
inline constexpr float kLine = 1.424F;
inline constexpr float kVerdictSize = 30.0F * kLine;
inline constexpr float kFigureSize = 22.0F * kLine;
inline constexpr float kTitleSize = 18.0F * kLine;
inline constexpr float kTextSize = 16.0F * kLine;
inline constexpr float kSmallSize = 14.0F * kLine;

struct Fonts {
  ImFont* regular = nullptr;
  ImFont* semibold = nullptr;
};

struct Theme {
  const Palette* colours;
  Fonts fonts;
};

// Tooltip and chart styles of Dear ImGui and ImPlot.
void apply_style(const Palette& colours);

}  // namespace coppice::ui
