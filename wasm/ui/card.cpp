#include "wasm/ui/card.h"

#include <algorithm>
#include <string>

#include "shared/compare/cells.h"
#include "shared/compare/format.h"
#include "wasm/ui/paint.h"

namespace coppice::ui {
namespace {

using compare::ModelPhase;
using compare::ModelRow;
using compare::State;

constexpr float kPadding = 20.0F;
constexpr float kHeaderHeight = 38.0F;
constexpr float kVerdictHeight = 100.0F;
constexpr float kFigureHeight = 84.0F;
constexpr float kFooterHeight = 46.0F;

// One figure of a card: "Time" / "148 ms" / "142 ms to 155 ms", and what a tooltip says about it.
struct CardFigure {
  const char* label;
  std::string value;
  std::string detail;
  std::string tooltip;
};

CardFigure time_figure(const ModelRow& row) {
  CardFigure figure{"Time per review", "–", "", ""};
  if (!row.time) return figure;
  figure.value = compare::format_milliseconds(row.time->median_ms);
  figure.detail = compare::format_milliseconds(row.time->interval_ms.low) + " to " +
                  compare::format_milliseconds(row.time->interval_ms.high);
  figure.tooltip = "Median of " + std::to_string(row.times_ms.size()) +
                   " timed runs on this device after one untimed run, in turn with the other models; with the 95 % "
                   "bootstrap interval of the median. Median absolute deviation " +
                   compare::format_milliseconds(row.time->mad_ms) + ".";
  if (row.runs_per_time > 1) {
    figure.tooltip += " One run is too short for the clock: each time is the mean of " +
                      compare::format_integer(row.runs_per_time) + ", the reading of the text included.";
  }
  return figure;
}

CardFigure energy_figure(const ModelRow& row) {
  CardFigure figure{"Energy, modelled", "–", "", ""};
  if (!row.estimate) return figure;
  const auto& joules = row.estimate->energy;
  const auto& grams = row.estimate->carbon;
  figure.value = compare::format_joules(joules.value.value());
  figure.detail = compare::format_joules(joules.low.value()) + " to " + compare::format_joules(joules.high.value());
  figure.tooltip = "Modelled, not measured: " + joules.provenance.method + ".\nCarbon " +
                   compare::format_grams_co2e(grams.value.value()) + " (" +
                   compare::format_grams_co2e(grams.low.value()) + " to " +
                   compare::format_grams_co2e(grams.high.value()) + "): " + grams.provenance.method + ".";
  return figure;
}

CardFigure size_figure(const ModelRow& row) {
  CardFigure figure{"Download", "–", "", ""};
  if (row.model_bytes <= 0) return figure;
  figure.value = compare::format_bytes(row.model_bytes);
  figure.detail = compare::format_count(static_cast<double>(row.parameters_total)) + " parameters";
  figure.tooltip = "Size of the model file, fetched once and then kept in this browser. ";
  figure.tooltip +=
      compare::is_linear(row)
          ? "A weight of one byte for each bucket of hashed word n-grams; a review takes one addition for "
            "each n-gram it holds."
          : "Encoder: " + compare::format_count(static_cast<double>(row.parameters_encoder)) + " parameters.";
  return figure;
}

CardFigure accuracy_figure(const ModelRow& row) {
  CardFigure figure{"Accuracy", "–", "", ""};
  if (!row.accuracy) return figure;
  figure.value = compare::format_percent(row.accuracy->value, 1);
  if (row.accuracy->low && row.accuracy->high) {
    figure.detail =
        compare::format_percent(*row.accuracy->low, 1) + " to " + compare::format_percent(*row.accuracy->high, 1);
  }
  figure.tooltip = "From the model's manifest: measured once on the test set";
  if (row.accuracy_reviews > 0) {
    figure.tooltip += " of " + compare::format_integer(row.accuracy_reviews) + " reviews";
  }
  figure.tooltip += ", with its 95 % interval.";
  return figure;
}

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

void draw_header(const Theme& theme, const Styles& styles, const State& state, size_t model, ImVec2 at, float width) {
  const ModelRow& row = state.models[model];
  std::string note = row.description;
  TextStyle style = styles.small;
  if (row.against_baseline) {
    note = compare::format_ratio(*row.against_baseline);
    if (note.find("clear") == std::string::npos) note += " time and energy";
    if (row.against_baseline->interval.high < 1.0) style.colour = theme.colours->accent;
  } else if (row.time && state.models.size() > 1) {
    note = "baseline";
  }
  const float note_width = text_width(style, note);
  draw_text(at, styles.title, row.id, width - note_width - 12);
  draw_text_right(at.x + width, at.y + 4, style, note);  // on the title's baseline
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

void draw_figure(const Styles& styles, const CardFigure& figure, ImVec2 at, float width) {
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

// What the footer says of accuracy against the linear model; 0 where no card has anything to say.
float floor_height(const Styles& styles, const State& state, float width) {
  float height = 0;
  for (const ModelRow& row : state.models) {
    if (row.against_floor.empty()) continue;
    height = std::max(height, paragraph_height(styles.small, row.against_floor + ".", width) + 8);
  }
  return height;
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
  return kPadding + kHeaderHeight + top + 2 * kFigureHeight + kFooterHeight +
         floor_height(styles, state, width - 2 * kPadding);
}

void draw_card(const Theme& theme, const State& state, size_t model, ImVec2 at, ImVec2 size) {
  const ModelRow& row = state.models[model];
  const Palette& colours = *theme.colours;
  const Styles styles(theme);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 to(at.x + size.x, at.y + size.y);
  list->AddRectFilled(at, to, colours.card, 12);
  list->AddRect(at, to, colours.border, 12);

  const float left = at.x + kPadding;
  const float width = size.x - 2 * kPadding;
  draw_header(theme, styles, state, model, ImVec2(left, at.y + kPadding - 4), width);
  const ImVec2 verdict_at(left, at.y + kPadding + kHeaderHeight);
  if (row.verdict && row.phase != ModelPhase::kFailed) {
    draw_verdict(theme, styles, row, verdict_at, width);
  } else {
    draw_waiting(theme, styles, row, verdict_at, width);
  }

  const float footer = to.y - kFooterHeight - floor_height(styles, state, width);
  const float grid = footer - 2 * kFigureHeight;
  const float half = (width - 16) / 2;
  list->AddLine(ImVec2(left, grid - 10), ImVec2(left + width, grid - 10), colours.border);
  draw_figure(styles, time_figure(row), ImVec2(left, grid), half);
  draw_figure(styles, energy_figure(row), ImVec2(left + half + 16, grid), half);
  draw_figure(styles, accuracy_figure(row), ImVec2(left, grid + kFigureHeight), half);
  draw_figure(styles, size_figure(row), ImVec2(left + half + 16, grid + kFigureHeight), half);
  list->AddLine(ImVec2(left, footer), ImVec2(left + width, footer), colours.border);
  draw_text(ImVec2(left, footer + 12), styles.small, tokens_line(state, row), width);
  if (!row.against_floor.empty()) {
    draw_paragraph(ImVec2(left, footer + 36), styles.small, row.against_floor + ".", width);
  }
}

}  // namespace coppice::ui
