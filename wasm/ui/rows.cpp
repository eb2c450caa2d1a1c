#include "wasm/ui/rows.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "shared/compare/format.h"
#include "shared/compare/order.h"
#include "wasm/ui/figures.h"
#include "wasm/ui/paint.h"

namespace coppice::ui {
namespace {

using compare::ModelPhase;
using compare::ModelRow;
using compare::State;

constexpr float kWide = 640.0F;
constexpr float kRowPadding = 16.0F;
constexpr float kHeadHeight = 34.0F;
constexpr float kWideRow = 64.0F;
constexpr float kNarrowRow = 108.0F;
constexpr int kFigures = 4;
constexpr const char* kHeads[kFigures] = {"Time", "Energy, modelled", "Accuracy", "Download"};
constexpr const char* kShortHeads[kFigures] = {"Time", "Energy", "Accuracy", "Size"};

struct RowStyles {
  explicit RowStyles(const Theme& theme)
      : name{theme.fonts.semibold, kTextSize, theme.colours->ink},
        text{theme.fonts.regular, kTextSize, theme.colours->ink},
        small{theme.fonts.regular, kSmallSize, theme.colours->muted} {}
  TextStyle name;
  TextStyle text;
  TextStyle small;
};

// Left edges of the columns: name, verdict, then the figures, whose texts end at the next edge less a gap.
struct Columns {
  float name;
  float verdict;
  float figures[kFigures + 1];
};

Columns columns_at(float left, float width) {
  Columns columns{};
  columns.name = left;
  columns.verdict = left + width * 0.27F;
  const float shares[kFigures + 1] = {0.45F, 0.60F, 0.76F, 0.885F, 1.0F};
  for (int i = 0; i <= kFigures; ++i) columns.figures[i] = left + width * shares[i];
  return columns;
}

std::vector<Figure> figures_of(const State& state, const ModelRow& row) {
  return {time_figure(state, row), energy_figure(state, row), accuracy_figure(row), size_figure(row)};
}

std::string waiting_text(const ModelRow& row) {
  std::string text = row.phase == ModelPhase::kFailed ? "not available" : compare::describe_phase(row);
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

void draw_row_verdict(const Theme& theme, const RowStyles& styles, const ModelRow& row, ImVec2 at, float width) {
  const Palette& colours = *theme.colours;
  if (!row.verdict || row.phase == ModelPhase::kFailed) {
    TextStyle style = styles.small;
    if (row.phase == ModelPhase::kFailed) style.colour = colours.warning;
    draw_text(ImVec2(at.x, at.y + 12), style, waiting_text(row), width);
    if (row.phase == ModelPhase::kFailed) {
      tooltip_over(at, ImVec2(at.x + width, at.y + 40), row.problem.c_str());
    }
    return;
  }
  const bool positive = row.verdict->label_index == 1;
  TextStyle word = styles.name;
  word.colour = positive ? colours.positive : colours.negative;
  draw_arrow(ImVec2(at.x - 2, at.y + 2), 18, positive, word.colour);
  draw_text(ImVec2(at.x + 22, at.y), word, row.verdict->label, width - 22);
  const float share = static_cast<float>(row.verdict->probability);
  const std::string percent = compare::format_probability(row.verdict->probability);
  draw_text(ImVec2(at.x + 22, at.y + 22), styles.small, percent, width);
  const float bar = std::min(70.0F, width - 34 - text_width(styles.small, "> 99.9 %"));
  if (bar > 24) {
    draw_bar(ImVec2(at.x + 30 + text_width(styles.small, "> 99.9 %"), at.y + 30), ImVec2(bar, 5), share, word.colour,
             colours.track);
  }
}

void draw_wide_row(const Theme& theme, const RowStyles& styles, const State& state, size_t model, float top,
                   const Columns& columns) {
  const ModelRow& row = state.models[model];
  const Note note = note_of(state, model);
  TextStyle note_style = styles.small;
  if (note.is_saving) note_style.colour = theme.colours->accent;
  const float name_width = columns.verdict - columns.name - 12;
  draw_text(ImVec2(columns.name, top + 9), styles.name, row.id, name_width);
  draw_text(ImVec2(columns.name, top + 31), note_style, note.text, name_width);
  draw_row_verdict(theme, styles, row, ImVec2(columns.verdict, top + 9), columns.figures[0] - columns.verdict - 8);
  const std::vector<Figure> figures = figures_of(state, row);
  for (int i = 0; i < kFigures; ++i) {
    const float left = columns.figures[i] + 6;
    const float right = columns.figures[i + 1];
    draw_text_right(right, top + 9, styles.name, figures[i].value);
    if (text_width(styles.small, figures[i].detail) <= right - left) {
      draw_text_right(right, top + 31, styles.small, figures[i].detail);
    }
    if (!figures[i].tooltip.empty()) {
      tooltip_over(ImVec2(left, top), ImVec2(right, top + kWideRow), figures[i].tooltip.c_str());
    }
  }
}

void draw_narrow_row(const Theme& theme, const RowStyles& styles, const State& state, size_t model, ImVec2 at,
                     float width) {
  const ModelRow& row = state.models[model];
  const Note note = note_of(state, model);
  TextStyle note_style = styles.small;
  if (note.is_saving) note_style.colour = theme.colours->accent;
  const float note_width = text_width(note_style, note.text);
  draw_text(ImVec2(at.x, at.y + 8), styles.name, row.id, width - note_width - 10);
  draw_text_right(at.x + width, at.y + 10, note_style, note.text);
  if (row.verdict && row.phase != ModelPhase::kFailed) {
    const bool positive = row.verdict->label_index == 1;
    TextStyle word = styles.name;
    word.colour = positive ? theme.colours->positive : theme.colours->negative;
    draw_arrow(ImVec2(at.x - 2, at.y + 35), 18, positive, word.colour);
    draw_text(ImVec2(at.x + 22, at.y + 33), word, row.verdict->label);
    draw_text_right(at.x + width, at.y + 35, styles.small, compare::format_probability(row.verdict->probability));
    const float left = at.x + 100;
    draw_bar(ImVec2(left, at.y + 43), ImVec2(width - 100 - 68, 5), static_cast<float>(row.verdict->probability),
             word.colour, theme.colours->track);
  } else {
    draw_text(ImVec2(at.x, at.y + 35), styles.small, waiting_text(row), width);
  }
  const std::vector<Figure> figures = figures_of(state, row);
  const float column = width / kFigures;
  for (int i = 0; i < kFigures; ++i) {
    const float left = at.x + column * static_cast<float>(i);
    draw_text(ImVec2(left, at.y + 58), styles.small, kShortHeads[i], column - 6);
    draw_text(ImVec2(left, at.y + 76), styles.name, figures[i].value, column - 6);
    if (!figures[i].tooltip.empty()) {
      tooltip_over(ImVec2(left, at.y + 56), ImVec2(left + column, at.y + kNarrowRow), figures[i].tooltip.c_str());
    }
  }
}

}  // namespace

float draw_rows(const Theme& theme, const State& state, ImVec2 at, float width) {
  const Palette& colours = *theme.colours;
  const RowStyles styles(theme);
  const std::vector<size_t> order = compare::display_order(state);
  const bool wide = width >= kWide;
  const float row_height = wide ? kWideRow : kNarrowRow;
  const float head = wide ? kHeadHeight : 0.0F;
  const float height = head + row_height * static_cast<float>(order.size()) + 4;
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(at, ImVec2(at.x + width, at.y + height), colours.card, 12);
  const Columns columns = columns_at(at.x + kRowPadding, width - 2 * kRowPadding);
  if (wide) {
    draw_text(ImVec2(columns.name, at.y + 9), styles.small, "Model");
    draw_text(ImVec2(columns.verdict, at.y + 9), styles.small, "Verdict");
    for (int i = 0; i < kFigures; ++i) draw_text_right(columns.figures[i + 1], at.y + 9, styles.small, kHeads[i]);
  }
  const std::optional<size_t> pick = compare::pick_of(state);
  float top = at.y + head;
  for (size_t place = 0; place < order.size(); ++place, top += row_height) {
    if (place > 0 || wide) {
      list->AddLine(ImVec2(at.x + kRowPadding, top), ImVec2(at.x + width - kRowPadding, top), colours.border);
    }
    if (pick == order[place]) {
      list->AddRectFilled(ImVec2(at.x + 1, top + 6), ImVec2(at.x + 5, top + row_height - 6), colours.accent, 2);
    }
    if (wide) {
      draw_wide_row(theme, styles, state, order[place], top, columns);
    } else {
      draw_narrow_row(theme, styles, state, order[place], ImVec2(at.x + kRowPadding, top), width - 2 * kRowPadding);
    }
  }
  list->AddRect(at, ImVec2(at.x + width, at.y + height), colours.border, 12);
  return height;
}

}  // namespace coppice::ui
