#include "wasm/ui/card.h"

#include <algorithm>
#include <string>

#include "shared/compare/cells.h"
#include "shared/compare/format.h"
#include "shared/compare/order.h"
#include "wasm/ui/figures.h"
#include "wasm/ui/paint.h"

namespace coppice::ui {
namespace {

using compare::ModelPhase;
using compare::ModelRow;
using compare::State;

constexpr float kHeaderHeight = 38.0F;
constexpr float kNoteHeight = 20.0F;
constexpr float kVerdictHeight = 100.0F;
constexpr float kFigureHeight = 84.0F;
constexpr float kFooterHeight = 46.0F;

struct Styles {
  explicit Styles(const Theme& theme)
      : title{theme.fonts.semibold, kTitleSize, theme.colours->ink},
        small{theme.fonts.regular, kSmallSize, theme.colours->muted},
        text{theme.fonts.regular, kTextSize, theme.colours->ink},
        figure{theme.fonts.semibold, kFigureSize, theme.colours->ink} {}
  TextStyle title;
  TextStyle small;
  TextStyle text;
  TextStyle figure;
};

// Where a name and its note do not fit on one line, on any card, all cards have two.
bool two_line_headers(const Styles& styles, const State& state, float width) {
  for (size_t i = 0; i < state.models.size(); ++i) {
    const float note = text_width(styles.small, note_of(state, i).text);
    if (text_width(styles.title, state.models[i].id) + 12 + note > width) return true;
  }
  return false;
}

float header_height(const Styles& styles, const State& state, float width) {
  return two_line_headers(styles, state, width) ? kHeaderHeight + kNoteHeight : kHeaderHeight;
}

void draw_header(const Theme& theme, const Styles& styles, const State& state, size_t model, ImVec2 at, float width) {
  const Note note = note_of(state, model);
  TextStyle style = styles.small;
  if (note.is_saving) style.colour = theme.colours->accent;
  draw_text(at, styles.title, state.models[model].id, width);
  if (two_line_headers(styles, state, width)) {
    draw_text(ImVec2(at.x, at.y + 25), style, note.text, width);
  } else {
    draw_text_right(at.x + width, at.y + 4, style, note.text);  // on the title's baseline
  }
}

void draw_verdict(const Theme& theme, const Styles& styles, const ModelRow& row, ImVec2 at, float width) {
  const Palette& colours = *theme.colours;
  const bool positive = row.verdict->label_index == 1;
  const ImU32 colour = positive ? colours.positive : colours.negative;
  draw_arrow(ImVec2(at.x - 2, at.y + 8), 28, positive, colour);
  draw_text(ImVec2(at.x + 34, at.y), {theme.fonts.semibold, kVerdictSize, colour}, row.verdict->label, width - 130);
  const std::string percent = compare::format_probability(row.verdict->probability);
  draw_text_right(at.x + width, at.y + 8, styles.figure, percent);
  draw_bar(ImVec2(at.x, at.y + 50), ImVec2(width, 8), static_cast<float>(row.verdict->probability), colour,
           colours.track);
  // Half way is a coin's guess: the tick shows how far the model is from it.
  ImGui::GetWindowDrawList()->AddLine(ImVec2(at.x + width / 2, at.y + 47), ImVec2(at.x + width / 2, at.y + 61),
                                      colours.muted, 1.0F);
  draw_text_right(at.x + width, at.y + 61, styles.small, "probability of this verdict");
}

void draw_waiting(const Theme& theme, const Styles& styles, const ModelRow& row, ImVec2 at, float width) {
  const Palette& colours = *theme.colours;
  if (row.phase == ModelPhase::kFailed) {
    TextStyle style = styles.text;
    style.colour = colours.warning;
    draw_paragraph(at, style, "Not available. " + row.problem, width);
    return;
  }
  std::string text = compare::describe_phase(row);
  if (row.phase == ModelPhase::kReady) text = "Ready. No verdict yet.";
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  draw_text(ImVec2(at.x, at.y + 8), styles.text, text, width);
  if (row.phase == ModelPhase::kDownloading || row.phase == ModelPhase::kPreparing) {
    const float share = row.phase == ModelPhase::kPreparing ? 1.0F
                        : row.bytes_total > 0 ? static_cast<float>(row.bytes_done) / static_cast<float>(row.bytes_total)
                                              : 0.0F;
    draw_bar(ImVec2(at.x, at.y + 50), ImVec2(width, 8), share, colours.accent, colours.track);
  }
}

void draw_figure(const Styles& styles, const Figure& figure, ImVec2 at, float width) {
  draw_text(at, styles.small, figure.label, width);
  draw_text(ImVec2(at.x, at.y + 17), styles.figure, figure.value, width);
  draw_text(ImVec2(at.x, at.y + 46), styles.small, figure.detail, width);
  if (!figure.tooltip.empty()) {
    tooltip_over(at, ImVec2(at.x + width, at.y + kFigureHeight - 8), figure.tooltip.c_str());
  }
}

std::string tokens_line(const State& state, const ModelRow& row) {
  if (compare::is_linear(row)) {
    if (state.text_empty) return "Reads words and pairs of words, no limit";
    return "Read " + compare::format_integer(row.tokens) + (row.tokens == 1 ? " word" : " words") + ", no limit";
  }
  if (state.text_empty || row.tokens == 0) {
    return row.max_length > 0 ? "Reads up to " + std::to_string(row.max_length) + " tokens" : "";
  }
  std::string text = "Read " + compare::format_integer(row.tokens);
  if (row.truncated) text += " of " + compare::format_integer(row.tokens_whole);
  text += row.tokens_whole == 1 ? " token" : " tokens";
  if (row.truncated) text += row.truncation == "head_tail" ? ": start and end" : ": the start";
  return text;
}

// Room for the line about the linear model, on all cards if one has it.
float floor_height(const State& state) {
  for (const ModelRow& row : state.models) {
    if (!row.against_floor_short.empty()) return 24;
  }
  return 0;
}

}  // namespace

float card_height(const Theme& theme, const State& state, float width) {
  float top = kVerdictHeight;
  const Styles styles(theme);
  for (const ModelRow& row : state.models) {
    if (row.phase != ModelPhase::kFailed) continue;
    const std::string problem = "Not available. " + row.problem;
    top = std::max(top, paragraph_height(styles.text, problem, width - 2 * kPadding) + 16);
  }
  return kPadding + header_height(styles, state, width - 2 * kPadding) + top + 2 * kFigureHeight + kFooterHeight +
         floor_height(state);
}

void draw_card(const Theme& theme, const State& state, size_t model, ImVec2 at, ImVec2 size) {
  const ModelRow& row = state.models[model];
  const Palette& colours = *theme.colours;
  const Styles styles(theme);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 to(at.x + size.x, at.y + size.y);
  list->AddRectFilled(at, to, colours.card, 12);
  const bool first = compare::pick_of(state) == model;
  list->AddRect(at, to, first ? colours.accent : colours.border, 12, 0, first ? 2.0F : 1.0F);

  const float left = at.x + kPadding;
  const float width = size.x - 2 * kPadding;
  draw_header(theme, styles, state, model, ImVec2(left, at.y + kPadding - 4), width);
  const ImVec2 verdict_at(left, at.y + kPadding + header_height(styles, state, width));
  if (row.verdict && row.phase != ModelPhase::kFailed) {
    draw_verdict(theme, styles, row, verdict_at, width);
  } else {
    draw_waiting(theme, styles, row, verdict_at, width);
  }

  const float footer = to.y - kFooterHeight - floor_height(state);
  const float grid = footer - 2 * kFigureHeight;
  const float half = (width - 16) / 2;
  list->AddLine(ImVec2(left, grid - 10), ImVec2(left + width, grid - 10), colours.border);
  draw_figure(styles, time_figure(state, row), ImVec2(left, grid), half);
  draw_figure(styles, energy_figure(state, row), ImVec2(left + half + 16, grid), half);
  draw_figure(styles, accuracy_figure(row), ImVec2(left, grid + kFigureHeight), half);
  draw_figure(styles, size_figure(row), ImVec2(left + half + 16, grid + kFigureHeight), half);
  list->AddLine(ImVec2(left, footer), ImVec2(left + width, footer), colours.border);
  draw_text(ImVec2(left, footer + 12), styles.small, tokens_line(state, row), width);
  if (!row.against_floor_short.empty()) {
    draw_text(ImVec2(left, footer + 36), styles.small, row.against_floor_short, width);
    tooltip_over(ImVec2(left, footer + 34), ImVec2(left + width, footer + 58), (row.against_floor + ".").c_str());
  }
}

}  // namespace coppice::ui
