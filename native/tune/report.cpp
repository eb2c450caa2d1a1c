// sweep.json, and the table made from it.
#include <algorithm>
#include <cstdio>

#include "native/export/run_recorder.h"
#include "native/tune/plan.h"
#include "shared/base/columns.h"

namespace coppice::tune {
namespace {

OrderedJson json_of(const RankedTrial& entry) {
  const TrialResult& result = entry.result;
  OrderedJson json = to_json(entry.trial);
  json["outcome"] = to_string(result.state);
  if (result.state == TrialState::kFinished) {
    json["validation_accuracy"] = records::to_json(result.accuracy);
    json["validation_loss"] = result.loss;
  }
  if (!result.error.empty()) json["error"] = result.error;
  if (result.attempts == 0) return json;
  json["seconds"] = result.seconds;
  if (result.energy) json["energy_joules"] = energy::to_json(*result.energy);
  if (result.carbon) json["carbon_grams_co2e"] = energy::to_json(*result.carbon);
  json["runs"] = result.runs;
  if (!result.runs_without_energy.empty()) json["runs_without_energy"] = result.runs_without_energy;
  json["attempts"] = result.attempts;
  if (result.attempts_without_record > 0) json["attempts_without_record"] = result.attempts_without_record;
  return json;
}

// What the sweep took, failed trials and all. Carbon only where each trial that ran has it.
OrderedJson totals_of(const std::vector<RankedTrial>& trials) {
  OrderedJson json;
  for (const TrialState state :
       {TrialState::kFinished, TrialState::kFailed, TrialState::kInterrupted, TrialState::kNotRun}) {
    json[to_string(state)] = std::count_if(trials.begin(), trials.end(),
                                           [&](const RankedTrial& entry) { return entry.result.state == state; });
  }
  double seconds = 0;
  std::optional<energy::Figure<energy::Joules>> energy;
  std::optional<energy::Figure<energy::GramsCo2e>> carbon;
  bool carbon_complete = true;
  std::vector<std::string> incomplete;
  for (const RankedTrial& entry : trials) {
    const TrialResult& result = entry.result;
    if (result.attempts == 0) continue;
    seconds += result.seconds;
    if (result.energy) energy = energy ? *energy + *result.energy : *result.energy;
    carbon_complete = carbon_complete && result.carbon.has_value();
    if (result.carbon) carbon = carbon ? *carbon + *result.carbon : *result.carbon;
    if (!result.energy || !result.runs_without_energy.empty() || result.attempts_without_record > 0) {
      incomplete.push_back(entry.trial.id());
    }
  }
  json["seconds"] = seconds;
  if (energy) json["energy_joules"] = energy::to_json(*energy);
  if (carbon && carbon_complete) json["carbon_grams_co2e"] = energy::to_json(*carbon);
  // The sum is too small by what these used.
  if (!incomplete.empty()) json["trials_without_full_energy"] = incomplete;
  return json;
}

std::string printed(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string figure_text(const OrderedJson& figure) {
  const auto of = [&](const char* name) { return printed("%.4g", figure[name].get<double>()); };
  return of("value") + " (" + of("low") + " to " + of("high") + ")";
}

std::vector<std::string> row_of(const OrderedJson& trial, const OrderedJson& space) {
  std::vector<std::string> row = {trial["id"].get<std::string>()};
  if (trial.contains("reviews")) row.push_back(trial["reviews"].dump());
  for (const auto& [axis, unused] : space.items()) row.push_back(number_text(trial["parameters"][axis].get<double>()));
  if (trial.contains("validation_accuracy")) {
    const OrderedJson& accuracy = trial["validation_accuracy"];
    row.push_back(printed("%.2f", 100 * accuracy["value"].get<double>()) + " % (" +
                  printed("%.2f", 100 * accuracy["low"].get<double>()) + " to " +
                  printed("%.2f", 100 * accuracy["high"].get<double>()) + ")");
    row.push_back(printed("%.4f", trial["validation_loss"].get<double>()));
  } else {
    row.insert(row.end(), {"-", "-"});
  }
  row.push_back(trial.contains("seconds") ? printed("%.1f", trial["seconds"].get<double>()) : "-");
  row.push_back(trial.contains("energy_joules") ? figure_text(trial["energy_joules"]) : "-");
  row.push_back(trial["outcome"].get<std::string>());
  return row;
}

// Higher rungs first, then as they rank; what has no score after them, by number.
bool above(const OrderedJson& a, const OrderedJson& b) {
  const auto key = [](const OrderedJson& trial) {
    const bool scored = trial.contains("validation_accuracy");
    return std::make_tuple(!scored, scored ? -trial.value("rung", int64_t{0}) : 0,
                           scored ? -trial["validation_accuracy"]["value"].get<double>() : 0.0,
                           scored ? trial["validation_loss"].get<double>() : 0.0, trial["candidate"].get<int64_t>());
  };
  return key(a) < key(b);
}

}  // namespace

OrderedJson sweep_json(const Plan& plan, const Survey& survey, const std::string& stopped) {
  OrderedJson json;
  json["schema_version"] = kSweepVersion;
  json["sweep_id"] = plan.id;
  json["program_version"] = program_version();
  json["method"] = to_string(plan.method);
  json["seed"] = plan.seed;
  json["candidates"] = plan.candidates.size();
  json["space"] = to_json(plan.space);
  if (!plan.rungs.empty()) json["halving"] = {{"eta", plan.eta}, {"rung_reviews", plan.rungs}};
  json["settings"] = plan.settings;
  for (const RankedTrial& entry : survey.trials) {
    if (entry.result.state != TrialState::kFinished) continue;
    json["validation_data"] = {{"examples", entry.result.validation_reviews},
                               {"sha256", entry.result.validation_sha256}};
    break;
  }
  json["trials"] = OrderedJson::array();
  for (const RankedTrial& entry : survey.trials) json["trials"].push_back(json_of(entry));
  json["totals"] = totals_of(survey.trials);
  json["complete"] = survey.complete;
  if (!stopped.empty()) json["stopped"] = stopped;
  if (survey.winner) json["winner"] = survey.trials[*survey.winner].trial.id();
  return json;
}

std::string sweep_table(const OrderedJson& sweep) {
  std::vector<std::string> header = {"trial"};
  if (sweep.contains("halving")) header.emplace_back("reviews");
  for (const auto& [axis, unused] : sweep["space"].items()) header.push_back(axis);
  header.insert(header.end(), {"validation accuracy", "loss", "seconds", "energy in J", "outcome"});
  std::vector<OrderedJson> trials(sweep["trials"].begin(), sweep["trials"].end());
  std::stable_sort(trials.begin(), trials.end(), above);
  std::vector<std::vector<std::string>> rows = {header};
  for (const OrderedJson& trial : trials) rows.push_back(row_of(trial, sweep["space"]));
  std::string text = in_columns(rows);
  const OrderedJson& totals = sweep["totals"];
  text += "\n" + totals["finished"].dump() + " finished, " + totals["failed"].dump() + " failed, " +
          totals["interrupted"].dump() + " interrupted, " + totals["not_run"].dump() + " not run; " +
          printed("%.1f", totals["seconds"].get<double>()) + " s";
  if (totals.contains("energy_joules")) {
    text +=
        ", " + figure_text(totals["energy_joules"]) + " J, " + totals["energy_joules"]["provenance"].get<std::string>();
  }
  text += "\n";
  if (totals.contains("trials_without_full_energy")) {
    text += "the energy is too small by attempts that left no figure, of trials";
    for (const auto& id : totals["trials_without_full_energy"]) text += " " + id.get<std::string>();
    text += "\n";
  }
  for (const OrderedJson& trial : sweep["trials"]) {
    if (trial.contains("error"))
      text += "failed: " + trial["id"].get<std::string>() + ": " + trial["error"].get<std::string>() + "\n";
  }
  if (sweep.contains("winner")) {
    text += std::string(sweep["complete"].get<bool>() ? "best: " : "best so far: ") +
            sweep["winner"].get<std::string>() + "\n";
  } else {
    text += "no trial has finished\n";
  }
  if (sweep.contains("stopped")) text += "stopped: " + sweep["stopped"].get<std::string>() + "\n";
  return text;
}

}  // namespace coppice::tune
