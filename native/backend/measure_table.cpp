#include "native/backend/measure_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "shared/base/csv.h"

namespace coppice::backend {
namespace {

// Decimals that show three significant digits of `value`.
int decimals_of(double value) {
  const double size = std::fabs(value);
  return size == 0.0 ? 0 : std::clamp(2 - static_cast<int>(std::floor(std::log10(size))), 0, 9);
}

std::string with_decimals(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

// Three significant digits, without an exponent: 0.185, 12.3, 1240.
std::string digits(double value) { return with_decimals(value, decimals_of(value)); }

// "45.1 (21.2 to 93.4)" of a figure times `scale`; "-" where it is not known.
std::string figure_text(const OrderedJson& row, const char* name, double scale) {
  const auto figure = row.find(name);
  if (figure == row.end()) return "-";
  const auto part = [&](const char* bound) { return digits(figure->at(bound).get<double>() * scale); };
  std::string text = part("value");
  text += " (";
  text += part("low");
  text += " to ";
  text += part("high");
  text += ')';
  return text;
}

std::string text_of(const OrderedJson& row, const char* name) {
  const auto member = row.find(name);
  return member == row.end() ? "" : member->get<std::string>();
}

std::string time_text(const OrderedJson& row) {
  const double median = row["median_ms"].get<double>();
  std::string text = digits(median);
  text += " (";
  text += with_decimals(row["mad_ms"].get<double>(), decimals_of(median));  // no finer than the median it belongs to
  text += ')';
  return text;
}

// "positive", with "!" where something else was expected.
std::string verdict_text(const OrderedJson& row) {
  std::string text = text_of(row, "label");
  const std::string expected = text_of(row, "expected_label");
  if (!expected.empty() && expected != text) text += " !";
  return text;
}

using Row = std::vector<std::string>;

const Row kHeader = {"prompt", "kind",     "tokens",    "model",         "verdict",
                     "score",  "ms (MAD)", "mJ (band)", "ug CO2e (band)"};
constexpr size_t kFirstRightAligned = 5;

Row prompt_row(const OrderedJson& model, const OrderedJson& row, bool first) {
  std::array<char, 32> score{};
  std::snprintf(score.data(), score.size(), "%.3f", row["score"].get<double>());
  return {first ? text_of(row, "id") : "",
          first ? text_of(row, "kind") : "",
          std::to_string(row["tokens"].get<int64_t>()),
          text_of(model, "model"),
          verdict_text(row),
          score.data(),
          time_text(row),
          figure_text(row, "energy_joules", 1e3),
          figure_text(row, "carbon_grams_co2e", 1e6)};
}

std::string align(const std::vector<Row>& rows) {
  std::vector<size_t> widths(kHeader.size(), 0);
  for (const Row& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string padding(widths[c] - row[c].size(), ' ');
      if (c > 0) line += "  ";
      line += c == 2 || c >= kFirstRightAligned ? padding + row[c] : row[c] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line;
    text += '\n';
  }
  return text;
}

// Right verdicts among those that had one to expect.
std::string agreement_text(const OrderedJson& model) {
  int right = 0;
  int expected = 0;
  for (const OrderedJson& row : model["prompts"]) {
    if (!row.contains("expected_label")) continue;
    ++expected;
    right += row["label"] == row["expected_label"] ? 1 : 0;
  }
  return expected == 0 ? "" : std::to_string(right) + " of " + std::to_string(expected) + " as expected";
}

std::string csv_value(const OrderedJson& row, const char* name) {
  const auto member = row.find(name);
  if (member == row.end()) return "";
  return member->is_string() ? csv_cell(member->get<std::string>()) : member->dump();
}

}  // namespace

std::string measurement_table(const OrderedJson& models) {
  std::vector<Row> rows = {kHeader};
  if (models.empty()) return align(rows);
  for (size_t p = 0; p < models[0]["prompts"].size(); ++p) {
    for (size_t m = 0; m < models.size(); ++m) {
      rows.push_back(prompt_row(models[m], models[m]["prompts"][p], m == 0));
    }
  }
  for (size_t m = 0; m < models.size(); ++m) {
    const OrderedJson& overall = models[m]["overall"];
    rows.push_back({m == 0 ? "all prompts" : "", "", "", text_of(models[m], "model"), agreement_text(models[m]), "",
                    time_text(overall), figure_text(overall, "energy_joules", 1e3),
                    figure_text(overall, "carbon_grams_co2e", 1e6)});
  }
  return align(rows);
}

std::string measurement_csv(const OrderedJson& models) {
  std::string text =
      "prompt,kind,model,engine,tokens,truncated,expected_label,label,score,repeats,median_ms,mad_ms,p95_ms";
  for (const char* figure : {"energy_joules", "carbon_grams_co2e"}) {
    for (const char* part : {"", "_low", "_high", "_provenance"}) {
      text += ',';
      text += figure;
      text += part;
    }
  }
  text += '\n';
  for (const OrderedJson& model : models) {
    for (const OrderedJson& row : model["prompts"]) {
      std::string line = csv_value(row, "id");
      const auto put = [&line](const std::string& cell) {
        line += ',';
        line += cell;
      };
      put(csv_value(row, "kind"));
      put(csv_value(model, "model"));
      put(csv_value(model, "engine"));
      for (const char* name :
           {"tokens", "truncated", "expected_label", "label", "score", "repeats", "median_ms", "mad_ms", "p95_ms"}) {
        put(csv_value(row, name));
      }
      for (const char* name : {"energy_joules", "carbon_grams_co2e"}) {
        const auto figure = row.find(name);
        for (const char* part : {"value", "low", "high", "provenance"}) {
          put(figure == row.end() ? "" : csv_value(*figure, part));
        }
      }
      text += line;
      text += '\n';
    }
  }
  return text;
}

}  // namespace coppice::backend
