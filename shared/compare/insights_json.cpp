#include "shared/compare/insights_json.h"

#include <algorithm>

#include "shared/compare/duel.h"
#include "shared/compare/format.h"
#include "shared/compare/ledger.h"
#include "shared/compare/order.h"
#include "shared/compare/tradeoff.h"
#include "shared/compare/what_if.h"

namespace coppice::compare {
namespace {

std::string id_at(const State& state, const std::optional<size_t>& model) {
  return model ? state.models[*model].id : "";
}

// "5.73 MJ (3.21 MJ to 10.2 MJ)"
template <typename Unit>
std::string with_band(const energy::Figure<Unit>& figure, std::string (*format)(double)) {
  return format(figure.value.value()) + " (" + format(figure.low.value()) + " to " + format(figure.high.value()) + ")";
}

OrderedJson duel_json(const State& state, const Duel& duel) {
  OrderedJson json;
  json["left"] = state.models[duel.left].id;
  json["right"] = state.models[duel.right].id;
  json["lines"] = OrderedJson::array();
  for (const DuelLine& line : duel.lines) {
    json["lines"].push_back({{"key", line.key},
                             {"title", line.title},
                             {"left", line.left},
                             {"right", line.right},
                             {"difference", line.difference},
                             {"better", line.better == Side::kLeft    ? "left"
                                        : line.better == Side::kRight ? "right"
                                                                      : "neither"}});
  }
  return json;
}

OrderedJson what_if_json(const State& state) {
  OrderedJson json = OrderedJson::array();
  for (const WhatIfRow& row : what_if(state)) {
    OrderedJson entry;
    entry["model"] = state.models[row.model].id;
    entry["energy_joules"] = energy::to_json(row.energy);
    entry["energy"] = with_band(row.energy, format_joules);
    entry["carbon"] = with_band(row.operational, format_grams_co2e);
    entry["embodied"] = row.embodied ? with_band(*row.embodied, format_grams_co2e) : "–";
    entry["break_even"] = row.break_even_text;
    entry["break_even_never"] = row.break_even && row.break_even->never;
    if (row.break_even && !row.break_even->never) entry["break_even_reviews"] = row.break_even->inferences;
    entry["equivalents"] = OrderedJson::array();
    for (const energy::EquivalentCount& count : row.equivalents) {
      entry["equivalents"].push_back({{"id", count.equivalent->id},
                                      {"name", count.equivalent->name},
                                      {"text", format_number(count.value) + " (" + format_number(count.low) + " to " +
                                                   format_number(count.high) + ")"},
                                      {"source", count.equivalent->source}});
    }
    json.push_back(std::move(entry));
  }
  return json;
}

OrderedJson tradeoff_json(const State& state) {
  const Tradeoff tradeoff = tradeoff_of(state, state.choices.axis);
  OrderedJson json;
  json["axis"] = name_of(tradeoff.axis);
  json["source"] = tradeoff.source;
  json["points"] = OrderedJson::array();
  for (const TradeoffPoint& point : tradeoff.points) {
    json["points"].push_back({{"model", state.models[point.model].id},
                              {"x", {point.x_low, point.x, point.x_high}},
                              {"accuracy", {point.accuracy_low, point.accuracy, point.accuracy_high}},
                              {"on_front", point.on_front}});
  }
  json["front"] = OrderedJson::array();
  for (const size_t point : tradeoff.front) json["front"].push_back(state.models[tradeoff.points[point].model].id);
  return json;
}

OrderedJson ledger_json(const State& state, const std::vector<LedgerRow>& rows) {
  OrderedJson json = OrderedJson::array();
  for (const LedgerRow& row : rows) {
    OrderedJson entry;
    entry["model"] = state.models[row.model].id;
    entry["stages"] = OrderedJson::array();
    for (const LedgerStage& stage : row.stages) {
      entry["stages"].push_back({{"name", name_of(stage.stage)},
                                 {"text", with_band(stage.energy, format_joules)},
                                 {"energy_joules", energy::to_json(stage.energy)}});
    }
    entry["total"] = with_band(row.total, format_joules);
    entry["total_joules"] = row.total.value.value();
    entry["notes"] = row.notes;
    json.push_back(std::move(entry));
  }
  return json;
}

OrderedJson calibration_json(const State& state) {
  OrderedJson json;
  json["busy"] = state.calibrating;
  json["text"] = calibration_text(state);
  if (!state.calibration) return json;
  const Calibration& found = *state.calibration;
  json["clock_step_ms"] = found.clock_step_ms;
  json["mflops"] = found.mflops;
  json["mflops_range"] = {found.mflops_range.low, found.mflops_range.high};
  json["threads"] = found.threads;
  json["hardware_threads"] = found.hardware_threads;
  json["isolated"] = found.isolated;
  return json;
}

std::string grid_guess_text(const State& state) {
  const Choices& choices = state.choices;
  if (choices.grid_is_guess) {
    return "Guessed from your time zone, " + choices.time_zone +
           ", without asking anyone. Change it if you are elsewhere.";
  }
  return "";
}

}  // namespace

std::string calibration_text(const State& state) {
  if (!state.calibration) return "";
  const Calibration& found = *state.calibration;
  std::string text = "The core's fixed kernel does " + format_number(found.mflops / 1e3) + " GFLOP/s on one thread (" +
                     format_number(found.mflops_range.low / 1e3) + " to " +
                     format_number(found.mflops_range.high / 1e3) + " over the slices). The models may use " +
                     std::to_string(found.threads) + (found.threads == 1 ? " thread" : " threads");
  if (found.hardware_threads > 0) text += " of " + std::to_string(found.hardware_threads);
  if (!found.isolated) text += ", as the page is not cross-origin isolated";
  text += ". The clock moves in steps of " + format_milliseconds(found.clock_step_ms) +
          ": no time is known better, and the band of an energy by time is wider by it.";
  double shortest = 0;
  for (const ModelRow& row : state.models) {
    if (!row.time || row.runs_per_time > 1) continue;
    shortest = shortest == 0 ? row.time->median_ms : std::min(shortest, row.time->median_ms);
  }
  if (shortest > 0) {
    text += " Of the shortest single run here, " + format_milliseconds(shortest) + ", a step is " +
            format_percent(found.clock_step_ms / shortest, 2) + ".";
  }
  return text;
}

OrderedJson insights_json(const State& state) {
  OrderedJson json;
  json["order"] = OrderedJson::array();
  for (const size_t model : display_order(state)) json["order"].push_back(state.models[model].id);
  json["baseline"] = id_at(state, baseline_of(state));
  json["pick"] = id_at(state, pick_of(state));
  json["rival"] = id_at(state, rival_of(state));
  json["layout"] = name_of(layout_of(state));
  json["layout_chosen"] = name_of(state.choices.layout);
  json["sort"] = name_of(state.choices.sort);
  const energy::InferenceMethodInfo& method = energy::info_of(state.choices.method);
  json["method"] = {{"id", method.id}, {"name", method.name}, {"counts", method.counts}};
  json["reviews"] = state.choices.reviews;
  json["reviews_text"] = format_number(static_cast<double>(state.choices.reviews));
  json["time_zone"] = state.choices.time_zone;
  json["grid_guess"] = grid_guess_text(state);
  json["calibration"] = calibration_json(state);
  if (const std::optional<Duel> duel = duel_of(state)) json["duel"] = duel_json(state, *duel);
  json["what_if"] = what_if_json(state);
  json["tradeoff"] = tradeoff_json(state);
  const std::vector<LedgerRow> ledger = ledger_of(state);
  json["ledger"] = ledger_json(state, ledger);
  json["ledger_stages"] = OrderedJson::array();
  for (const Stage stage : stages_of(ledger)) json["ledger_stages"].push_back(name_of(stage));
  return json;
}

}  // namespace coppice::compare
