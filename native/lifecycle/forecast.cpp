#include "native/lifecycle/forecast.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

#include "native/lifecycle/lifecycle.h"
#include "shared/records/figure.h"

namespace coppice::lifecycle {
namespace {

std::string printed(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string duration_text(double seconds) {
  if (seconds < 100) return printed("%.1f s", seconds);
  if (seconds < 6000) return printed("%.0f s", seconds);
  return printed("%.1f h", seconds / 3600);
}

std::string with_unit(double value, const char* unit) {
  static constexpr struct {
    double factor;
    const char* name;
  } kPrefixes[] = {{1e6, "M"}, {1e3, "k"}, {1, ""}, {1e-3, "m"}, {1e-6, "u"}};
  for (const auto& prefix : kPrefixes)
    if (value >= prefix.factor) return printed("%.3g ", value / prefix.factor) + prefix.name + unit;
  return printed("%.3g ", value) + unit;
}

double value_at(const OrderedJson& json, const char* name) {
  const OrderedJson& member = json[name];
  return member.is_object() ? member["value"].get<double>() : member.get<double>();
}

struct Sums {
  double seconds = 0;
  double cpu_seconds = 0;
  std::optional<energy::Figure<energy::Joules>> joules;
  std::optional<energy::Figure<energy::GramsCo2e>> grams;
  bool joules_complete = true;
  bool grams_complete = true;

  template <typename Unit>
  static void add(const OrderedJson& json, const char* name, std::optional<energy::Figure<Unit>>& sum, bool& complete) {
    const auto figure = json.is_object() && json.contains(name) ? records::parse_figure<Unit>(Json(json[name]), name)
                                                                : Result<energy::Figure<Unit>>(not_found("no figure"));
    if (!figure) {
      complete = false;
      return;
    }
    sum = sum ? *sum + *figure : *figure;
  }
  void add_energies(const OrderedJson& json) {
    add(json, "energy_joules", joules, joules_complete);
    add(json, "carbon_grams_co2e", grams, grams_complete);
  }
  void put(OrderedJson& json) const {
    if (joules && joules_complete) json["energy_joules"] = energy::to_json(*joules);
    if (grams && grams_complete) json["carbon_grams_co2e"] = energy::to_json(*grams);
  }
};

void add_prediction(const OrderedJson& predicted, Sums& sums, double& low, double& high) {
  sums.seconds += value_at(predicted, "duration_seconds");
  low += predicted["duration_seconds"]["low"].get<double>();
  high += predicted["duration_seconds"]["high"].get<double>();
  sums.cpu_seconds += predicted.value("cpu_time_seconds", 0.0);
  sums.add_energies(predicted);
}

}  // namespace

OrderedJson forecast_of(const Plan& plan, const Journal& journal) {
  Sums sums;
  double low = 0;
  double high = 0;
  OrderedJson missing = OrderedJson::array();
  for (const Step& step : plan.steps) {
    const auto entry = journal.steps.find(step.id);
    if (entry == journal.steps.end() || !entry->second.predicted.is_object()) {
      missing.push_back(step.id);
      continue;
    }
    add_prediction(entry->second.predicted, sums, low, high);
  }
  OrderedJson json;
  json["duration_seconds"] = {{"value", sums.seconds}, {"low", low}, {"high", high}};
  json["cpu_time_seconds"] = sums.cpu_seconds;
  sums.put(json);
  json["not_predicted"] = std::move(missing);
  return json;
}

OrderedJson forecast_result(const Plan& plan, const Journal& journal) {
  Sums predicted;
  Sums taken;
  double low = 0;
  double high = 0;
  OrderedJson compared = OrderedJson::array();
  OrderedJson left_out = OrderedJson::array();
  for (const Step& step : plan.steps) {
    const auto found = journal.steps.find(step.id);
    if (found == journal.steps.end() || !found->second.predicted.is_object()) continue;
    const StepEntry& entry = found->second;
    const bool whole = entry.state == StepState::kFinished && !entry.attempts.empty() &&
                       entry.attempts.back().contains("duration_seconds") && !entry.attempts.back().contains("resumed");
    if (!whole) {
      left_out.push_back(step.id);
      continue;
    }
    const OrderedJson& attempt = entry.attempts.back();
    compared.push_back(step.id);
    add_prediction(entry.predicted, predicted, low, high);
    taken.seconds += attempt["duration_seconds"].get<double>();
    taken.cpu_seconds += attempt.value("cpu_time_seconds", 0.0);
    taken.add_energies(attempt.contains("energy") ? attempt["energy"] : OrderedJson());
  }
  OrderedJson json;
  json["duration_seconds"] = taken.seconds;
  json["cpu_time_seconds"] = taken.cpu_seconds;
  taken.put(json);
  json["steps"] = compared;
  if (!left_out.empty()) json["left_out"] = left_out;
  OrderedJson of;
  of["duration_seconds"] = predicted.seconds;
  of["cpu_time_seconds"] = predicted.cpu_seconds;
  predicted.put(of);
  json["predicted"] = of;
  OrderedJson error = OrderedJson::object();
  for (const char* name : {"duration_seconds", "cpu_time_seconds", "energy_joules", "carbon_grams_co2e"}) {
    if (!json.contains(name) || !of.contains(name)) continue;
    const double expected = value_at(of, name);
    if (expected > 0) error[name] = value_at(json, name) / expected - 1;
  }
  json["error"] = std::move(error);
  return json;
}

std::string predicted_text(const OrderedJson& predicted) {
  std::string text = duration_text(value_at(predicted, "duration_seconds"));
  if (predicted.contains("energy_joules")) text += ", " + with_unit(value_at(predicted, "energy_joules"), "J");
  if (predicted.contains("carbon_grams_co2e"))
    text += ", " + with_unit(value_at(predicted, "carbon_grams_co2e"), "g CO2e");
  return text;
}

std::string result_text(const StepEntry& entry) {
  const OrderedJson& attempt = entry.attempts.back();
  std::string text = "done in " + duration_text(attempt.value("duration_seconds", 0.0));
  if (attempt.contains("energy") && attempt["energy"].contains("energy_joules")) {
    text += ", " + with_unit(value_at(attempt["energy"], "energy_joules"), "J");
  }
  if (entry.predicted.is_object()) text += " (predicted " + predicted_text(entry.predicted) + ")";
  return text;
}

std::string plan_table(const OrderedJson& steps, const OrderedJson& prediction) {
  std::vector<std::vector<std::string>> rows = {{"step", "does", "time", "energy", "carbon", "why"}};
  for (const OrderedJson& step : steps) {
    const bool known = step.contains("predicted");
    const OrderedJson predicted = known ? step["predicted"] : OrderedJson::object();
    rows.push_back(
        {step["id"].get<std::string>(), step["would"].get<std::string>(),
         known ? duration_text(value_at(predicted, "duration_seconds")) : "-",
         predicted.contains("energy_joules") ? with_unit(value_at(predicted, "energy_joules"), "J") : "-",
         predicted.contains("carbon_grams_co2e") ? with_unit(value_at(predicted, "carbon_grams_co2e"), "g") : "-",
         step["reason"].get<std::string>()});
  }
  std::vector<size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string text;
  for (const auto& row : rows) {
    std::string line = "  ";
    for (size_t c = 0; c < row.size(); ++c) line += row[c] + std::string(widths[c] - row[c].size() + 2, ' ');
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  if (!prediction.is_object() || !prediction.contains("duration_seconds")) return text;
  const OrderedJson& seconds = prediction["duration_seconds"];
  text += "  all of it: " + predicted_text(prediction) + " (" + duration_text(seconds["low"].get<double>()) + " to " +
          duration_text(seconds["high"].get<double>()) + ")";
  std::string missing;
  for (const OrderedJson& id : prediction["not_predicted"])
    missing += (missing.empty() ? "" : ", ") + id.get<std::string>();
  if (!missing.empty()) text += ", without " + missing;
  return text + "\n";
}

std::string outcome_text(const OrderedJson& document) {
  std::string text;
  const OrderedJson& totals = document["totals"];
  text += "all steps and attempts: " + duration_text(totals["duration_seconds"].get<double>());
  if (totals.contains("energy_joules")) text += ", " + with_unit(value_at(totals, "energy_joules"), "J");
  if (totals.contains("carbon_grams_co2e")) text += ", " + with_unit(value_at(totals, "carbon_grams_co2e"), "g CO2e");
  if (totals.contains("attempts_without_energy")) {
    text += "; " + totals["attempts_without_energy"].dump() + " attempts whose energy is not known";
  }
  text += "\n";
  if (!document.contains("prediction") || !document["prediction"].contains("result")) return text;
  const OrderedJson& result = document["prediction"]["result"];
  if (result["steps"].empty()) return text;
  text += "against the prediction, over the " + std::to_string(result["steps"].size()) +
          " steps it covers: " + predicted_text(result) + " where " + predicted_text(result["predicted"]) +
          " were predicted (";
  bool first = true;
  for (const auto& [name, label] : {std::pair{"duration_seconds", "time"}, {"energy_joules", "energy"}}) {
    if (!result["error"].contains(name)) continue;
    text +=
        (first ? "" : ", ") + std::string(label) + " " + printed("%+.1f %%", 100 * result["error"][name].get<double>());
    first = false;
  }
  return text + ")\n";
}

}  // namespace coppice::lifecycle
