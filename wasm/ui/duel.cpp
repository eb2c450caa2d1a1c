#include "wasm/ui/duel.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "shared/compare/duel.h"
#include "shared/compare/format.h"
#include "wasm/ui/paint.h"

namespace coppice::ui {
namespace {

using compare::ModelRow;
using compare::Side;
using compare::State;

constexpr float kDuelWide = 600.0F;
constexpr float kDuelPadding = 24.0F;
constexpr float kHead = 118.0F;
constexpr float kWideLine = 70.0F;
constexpr float kNarrowLine = 96.0F;
constexpr float kDuelVerdict = 34.0F * kLine;

struct DuelStyles {
  explicit DuelStyles(const Theme& theme)
      : title{theme.fonts.semibold, kTitleSize, theme.colours->ink},
        figure{theme.fonts.semibold, kFigureSize, theme.colours->ink},
        text{theme.fonts.regular, kTextSize, theme.colours->ink},
        small{theme.fonts.regular, kSmallSize, theme.colours->muted} {}
  TextStyle title;
  TextStyle figure;
  TextStyle text;
  TextStyle small;
};

// "5.73 J (3.21 J to 10.2 J)": value, band.
std::pair<std::string_view, std::string_view> split_band(std::string_view text) {
  const size_t open = text.find(" (");
  if (open == std::string_view::npos) return {text, ""};
  return {text.substr(0, open), text.substr(open + 2, text.size() - open - 3)};
}

// "44 % less; ratio 0.56 (0.51 to 0.60)": what, and the rest.
std::pair<std::string_view, std::string_view> split_difference(std::string_view text) {
  const size_t at = text.find("; ");
  if (at == std::string_view::npos) return {text, ""};
  return {text.substr(0, at), text.substr(at + 2)};
}

void draw_side_head(const Theme& theme, const DuelStyles& styles, const ModelRow& row, const char* role, ImVec2 at,
                    float width, bool to_right) {
  const Palette& colours = *theme.colours;
  const auto put = [&](float y, const TextStyle& style, std::string_view text) {
    // A name too long is cut at its end on both sides.
    if (to_right && text_width(style, text) <= width) return draw_text_right(at.x + width, y, style, text);
    draw_text(ImVec2(at.x, y), style, text, width);
  };
  put(at.y, styles.title, row.id);
  put(at.y + 24, styles.small, role);
  if (!row.verdict) {
    put(at.y + 58, styles.text, row.phase == compare::ModelPhase::kFailed ? "not available" : "no verdict yet");
    return;
  }
  const bool positive = row.verdict->label_index == 1;
  const ImU32 colour = positive ? colours.positive : colours.negative;
  const TextStyle word{theme.fonts.semibold, width > 220 ? kDuelVerdict : kFigureSize, colour};
  const float arrow = width > 220 ? 30.0F : 22.0F;
  const float used = arrow + 6 + text_width(word, row.verdict->label);
  const float x = to_right ? at.x + width - used : at.x;
  draw_arrow(ImVec2(x, at.y + 50 + (word.size - arrow) / 2), arrow, positive, colour);
  draw_text(ImVec2(x + arrow + 6, at.y + 50), word, row.verdict->label);
}

void draw_wide_line(const Theme& theme, const DuelStyles& styles, const compare::DuelLine& line, float left, float top,
                    float width) {
  const float middle = left + width / 2;
  const float side = width * 0.33F;
  const auto value = [&](Side which, const std::string& text) {
    const auto [shown, band] = split_band(text);
    TextStyle style = styles.figure;
    if (line.better == which) style.colour = theme.colours->accent;
    if (which == Side::kLeft) {
      draw_text(ImVec2(left, top + 6), style, shown, side);
      draw_text(ImVec2(left, top + 36), styles.small, band, side);
    } else {
      draw_text_right(left + width, top + 6, style, shown);
      draw_text_right(left + width, top + 36, styles.small, band);
    }
  };
  value(Side::kLeft, line.left);
  value(Side::kRight, line.right);
  const auto centred = [&](float y, const TextStyle& style, std::string_view text) {
    draw_text(ImVec2(middle - std::min(text_width(style, text), width * 0.44F) / 2, y), style, text, width * 0.44F);
  };
  centred(top + 4, styles.small, line.title);
  const auto [what, rest] = split_difference(line.difference);
  const TextStyle strong{theme.fonts.semibold, kTextSize, theme.colours->ink};
  centred(top + 21, strong, what);
  centred(top + 42, styles.small, rest);
}

void draw_narrow_line(const Theme& theme, const DuelStyles& styles, const compare::DuelLine& line, float left,
                      float top, float width) {
  draw_text(ImVec2(left, top + 6), styles.small, line.title, width);
  const auto [what, rest] = split_difference(line.difference);
  const TextStyle strong{theme.fonts.semibold, kSmallSize, theme.colours->ink};
  draw_text_right(left + width, top + 6, strong, what);
  const float half = width / 2 - 6;
  for (const Side which : {Side::kLeft, Side::kRight}) {
    auto [shown, band] = split_band(which == Side::kLeft ? line.left : line.right);
    if (text_width(styles.small, band) > half) band = "";  // the table has it
    TextStyle style{theme.fonts.semibold, kTitleSize, theme.colours->ink};
    if (line.better == which) style.colour = theme.colours->accent;
    if (which == Side::kLeft) {
      draw_text(ImVec2(left, top + 26), style, shown, half);
      draw_text(ImVec2(left, top + 50), styles.small, band, half);
    } else {
      draw_text_right(left + width, top + 26, style, shown);
      draw_text_right(left + width, top + 50, styles.small, band);
    }
  }
  draw_text_right(left + width, top + 69, styles.small, rest);
}

}  // namespace

float draw_duel(const Theme& theme, const State& state, ImVec2 at, float width) {
  const compare::Duel duel = *compare::duel_of(state);
  const Palette& colours = *theme.colours;
  const DuelStyles styles(theme);
  const bool wide = width >= kDuelWide;
  const float line_height = wide ? kWideLine : kNarrowLine;
  // The verdict stands in the head.
  const auto lines = static_cast<float>(duel.lines.size() - 1);
  const float height = kDuelPadding + kHead + lines * line_height + 8;
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(at, ImVec2(at.x + width, at.y + height), colours.card, 12);
  list->AddRect(at, ImVec2(at.x + width, at.y + height), colours.border, 12);
  const float padding = wide ? kDuelPadding : 16.0F;
  const float left = at.x + padding;
  const float inner = width - 2 * padding;
  const float half = inner / 2 - 12;
  draw_side_head(theme, styles, state.models[duel.left], "baseline", ImVec2(left, at.y + 18), half, false);
  draw_side_head(theme, styles, state.models[duel.right], "against it", ImVec2(left + inner - half, at.y + 18), half,
                 true);
  if (wide) {
    const std::string& verdicts = duel.lines.front().difference;
    const TextStyle& style = styles.text;
    draw_text(ImVec2(left + inner / 2 - text_width(style, verdicts) / 2, at.y + 78), style, verdicts);
  }
  float top = at.y + kDuelPadding + kHead;
  for (size_t i = 1; i < duel.lines.size(); ++i, top += line_height) {
    list->AddLine(ImVec2(left, top - 2), ImVec2(left + inner, top - 2), colours.border);
    if (wide) {
      draw_wide_line(theme, styles, duel.lines[i], left, top, inner);
    } else {
      draw_narrow_line(theme, styles, duel.lines[i], left, top, inner);
    }
  }
  return height;
}

}  // namespace coppice::ui
