#include "shared/compare/duel.h"

#include <cmath>
#include <cstdio>

#include "shared/compare/format.h"
#include "shared/compare/order.h"

namespace coppice::compare {
namespace {

constexpr const char* kNoFigure = "–";

std::string range(const std::string& low, const std::string& high) { return " (" + low + " to " + high + ")"; }

// -0.008 -> "0.8 points less".
std::string points(double difference) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f points ", std::abs(difference) * 100.0);
  return text + std::string(difference < 0 ? "less" : "more");
}

std::string share_text(double ratio) {
  char text[64];
  if (ratio < 0.02 || ratio > 50) {
    std::snprintf(text, sizeof text, ratio < 1 ? "1/%s" : "%s times",
                  format_number(ratio < 1 ? 1 / ratio : ratio).c_str());
  } else {
    std::snprintf(text, sizeof text, "%.0f %% %s", std::abs(ratio - 1) * 100, ratio < 1 ? "less" : "more");
  }
  return text;
}

DuelLine verdict_line(const ModelRow& left, const ModelRow& right) {
  DuelLine line{"verdict", "Verdict", kNoFigure, kNoFigure, "", Side::kNeither};
  if (left.verdict) line.left = left.verdict->label;
  if (right.verdict) line.right = right.verdict->label;
  if (left.verdict && right.verdict) {
    line.difference = left.verdict->label == right.verdict->label ? "the same" : "they disagree";
  }
  return line;
}

DuelLine probability_line(const ModelRow& left, const ModelRow& right) {
  DuelLine line{"probability", "Probability of positive", kNoFigure, kNoFigure, "", Side::kNeither};
  const auto positive = [](const Verdict& verdict) {
    return verdict.label_index == 1 ? verdict.probability : 1 - verdict.probability;
  };
  if (left.verdict) line.left = format_percent(positive(*left.verdict), 1);
  if (right.verdict) line.right = format_percent(positive(*right.verdict), 1);
  if (left.verdict && right.verdict) line.difference = points(positive(*right.verdict) - positive(*left.verdict));
  return line;
}

DuelLine time_line(const ModelRow& left, const ModelRow& right) {
  DuelLine line{"time", "Time", kNoFigure, kNoFigure, "", Side::kNeither};
  if (left.time) line.left = format_milliseconds(left.time->median_ms);
  if (right.time) line.right = format_milliseconds(right.time->median_ms);
  if (right.against_baseline) {
    const TimeRatio& ratio = *right.against_baseline;
    line.difference = format_ratio(ratio);
    if (is_large(ratio)) line.difference += " time";
    if (ratio.interval.low > 1 || ratio.interval.high < 1) {
      line.better = ratio.ratio < 1 ? Side::kRight : Side::kLeft;
    }
    char ends[96];
    std::snprintf(ends, sizeof ends, "ratio %.3g (%.3g to %.3g)", ratio.ratio, ratio.interval.low, ratio.interval.high);
    line.difference += "; " + std::string(ends);
  }
  return line;
}

// One device and one grid stand behind both by time: energy and carbon differ by the ratio of the times, to its
// interval. By the other methods the values alone are set against each other.
template <typename Figure, typename Format>
DuelLine figure_line(const char* key, const char* title, const Figure* left, const Figure* right,
                     const ModelRow& right_row, bool by_time, Format format) {
  DuelLine line{key, title, kNoFigure, kNoFigure, "", Side::kNeither};
  const auto text = [&](const Figure& figure) {
    return format(figure.value.value()) + range(format(figure.low.value()), format(figure.high.value()));
  };
  if (left != nullptr) line.left = text(*left);
  if (right != nullptr) line.right = text(*right);
  if (left == nullptr || right == nullptr || left->value.value() <= 0) return line;
  if (by_time && right_row.against_baseline) {
    const TimeRatio& ratio = *right_row.against_baseline;
    line.difference = format_ratio(ratio);
    if (ratio.interval.low > 1 || ratio.interval.high < 1) {
      line.better = ratio.ratio < 1 ? Side::kRight : Side::kLeft;
    }
    return line;
  }
  const double ratio = right->value / left->value;
  line.difference = share_text(ratio);
  if (ratio != 1) line.better = ratio < 1 ? Side::kRight : Side::kLeft;
  return line;
}

DuelLine accuracy_line(const ModelRow& left, const ModelRow& right) {
  DuelLine line{"accuracy", "Accuracy", kNoFigure, kNoFigure, "", Side::kNeither};
  const auto text = [](const records::MetricValue& metric) {
    std::string shown = format_percent(metric.value, 1);
    if (metric.low && metric.high) shown += range(format_percent(*metric.low, 1), format_percent(*metric.high, 1));
    return shown;
  };
  if (left.accuracy) line.left = text(*left.accuracy);
  if (right.accuracy) line.right = text(*right.accuracy);
  if (!left.accuracy || !right.accuracy) return line;
  if (left.test_set.empty() || left.test_set != right.test_set) {
    line.difference = "not comparable: other test sets";
    return line;
  }
  line.difference = points(right.accuracy->value - left.accuracy->value);
  if (!left.accuracy->low || !left.accuracy->high || !right.accuracy->low || !right.accuracy->high) return line;
  if (*right.accuracy->low > *left.accuracy->high) line.better = Side::kRight;
  if (*left.accuracy->low > *right.accuracy->high) line.better = Side::kLeft;
  line.difference += line.better == Side::kNeither ? "; the intervals overlap" : "; the intervals do not touch";
  return line;
}

DuelLine size_line(const ModelRow& left, const ModelRow& right) {
  DuelLine line{"size", "Download", kNoFigure, kNoFigure, "", Side::kNeither};
  if (left.model_bytes > 0) line.left = format_bytes(left.model_bytes);
  if (right.model_bytes > 0) line.right = format_bytes(right.model_bytes);
  if (left.model_bytes <= 0 || right.model_bytes <= 0) return line;
  line.difference = share_text(static_cast<double>(right.model_bytes) / static_cast<double>(left.model_bytes));
  if (left.model_bytes != right.model_bytes) {
    line.better = right.model_bytes < left.model_bytes ? Side::kRight : Side::kLeft;
  }
  return line;
}

}  // namespace

std::optional<Duel> duel_of(const State& state) {
  const std::optional<size_t> baseline = baseline_of(state);
  const std::optional<size_t> rival = rival_of(state);
  if (!baseline || !rival) return std::nullopt;
  const ModelRow& left = state.models[*baseline];
  const ModelRow& right = state.models[*rival];
  const bool by_time = state.choices.method == energy::InferenceMethod::kTimePower;
  const auto energy_of = [](const ModelRow& row) { return row.estimate ? &row.estimate->energy : nullptr; };
  const auto carbon_of = [](const ModelRow& row) { return row.estimate ? &row.estimate->carbon : nullptr; };
  Duel duel{*baseline, *rival, {}};
  duel.lines.push_back(verdict_line(left, right));
  duel.lines.push_back(probability_line(left, right));
  duel.lines.push_back(time_line(left, right));
  duel.lines.push_back(
      figure_line("energy", "Energy, modelled", energy_of(left), energy_of(right), right, by_time, format_joules));
  duel.lines.push_back(
      figure_line("carbon", "Carbon, modelled", carbon_of(left), carbon_of(right), right, by_time, format_grams_co2e));
  duel.lines.push_back(accuracy_line(left, right));
  duel.lines.push_back(size_line(left, right));
  return duel;
}

}  // namespace coppice::compare
