#include "shared/compare/cells.h"

#include "shared/compare/format.h"

namespace coppice::compare {
namespace {

constexpr Column kColumns[] = {
    {"model", "Model"},
    {"verdict", "Verdict"},
    {"probability", "Probability"},
    {"tokens", "Tokens or words"},
    {"time", "Time (median)"},
    {"energy", "Energy (modelled)"},
    {"carbon", "Carbon of the electricity (modelled)"},
    {"embodied", "Carbon of the device's making (assumed)"},
    {"size", "Download"},
    {"accuracy", "Accuracy, test set"},
    {"floor", "Against the floor"},
    {"runtime", "Runtime"},
    {"state", "State"},
};

constexpr const char* kNone = "–";

std::string tokens_text(const ModelRow& row, const State& state) {
  if (state.text_empty) return kNone;
  if (is_linear(row)) return format_integer(row.tokens) + (row.tokens == 1 ? " word" : " words") + ", no limit";
  if (row.tokens == 0) return kNone;
  const std::string read = format_integer(row.tokens);
  if (!row.truncated) return read;
  return read + " of " + format_integer(row.tokens_whole) + ", truncated (" +
         (row.truncation == "head_tail" ? "start and end kept" : "start kept") + ")";
}

std::string accuracy_text(const ModelRow& row) {
  if (!row.accuracy) return kNone;
  std::string text = format_percent(row.accuracy->value, 1);
  if (row.accuracy->low && row.accuracy->high) {
    text += " (" + format_percent(*row.accuracy->low, 1) + " to " + format_percent(*row.accuracy->high, 1) + ")";
  }
  return text;
}

std::string threads_text(int threads) { return std::to_string(threads) + (threads == 1 ? " thread" : " threads"); }

std::string runtime_text(const ModelRow& row) {
  if (!row.verdict) return kNone;
  if (is_linear(row)) return "Coppice's core, 1 thread";
  if (!row.runtime || row.runtime->name.empty()) return kNone;
  const Runtime& runtime = *row.runtime;
  const std::string name = runtime.name + " " + runtime.version + ", " + runtime.backend;
  return runtime.threads > 0 ? name + ", " + threads_text(runtime.threads) : name;  // a GPU has no such number
}

}  // namespace

std::span<const Column> columns() { return kColumns; }

std::vector<Cell> cells_of(const ModelRow& row, const State& state) {
  const auto band = [](const std::string& low, const std::string& high) { return " (" + low + " to " + high + ")"; };
  std::vector<Cell> cells;
  cells.push_back({"model", row.id});
  cells.push_back({"verdict", row.verdict ? row.verdict->label : kNone});
  cells.push_back({"probability", row.verdict ? format_probability(row.verdict->probability) : kNone});
  cells.push_back({"tokens", tokens_text(row, state)});
  cells.push_back({"time", row.time ? format_milliseconds(row.time->median_ms) +
                                          band(format_milliseconds(row.time->interval_ms.low),
                                               format_milliseconds(row.time->interval_ms.high))
                                    : kNone});
  std::string energy = kNone;
  std::string carbon = kNone;
  if (row.estimate) {
    const auto& joules = row.estimate->energy;
    const auto& grams = row.estimate->carbon;
    energy = format_joules(joules.value.value()) +
             band(format_joules(joules.low.value()), format_joules(joules.high.value()));
    carbon = format_grams_co2e(grams.value.value()) +
             band(format_grams_co2e(grams.low.value()), format_grams_co2e(grams.high.value()));
  }
  cells.push_back({"energy", energy});
  cells.push_back({"carbon", carbon});
  std::string embodied = kNone;
  if (row.estimate && row.estimate->embodied) {
    const auto& grams = *row.estimate->embodied;
    embodied = format_grams_co2e(grams.value.value()) +
               band(format_grams_co2e(grams.low.value()), format_grams_co2e(grams.high.value()));
  }
  cells.push_back({"embodied", embodied});
  cells.push_back({"size", row.model_bytes > 0 ? format_bytes(row.model_bytes) : kNone});
  cells.push_back({"accuracy", accuracy_text(row)});
  cells.push_back({"floor", row.against_floor.empty() ? kNone : row.against_floor});
  cells.push_back({"runtime", runtime_text(row)});
  cells.push_back({"state", describe_phase(row)});
  return cells;
}

std::string status_line(const State& state) {
  if (!state.catalog_problem.empty()) return "There is nothing to compare: " + state.catalog_problem;
  switch (state.phase) {
    case RunPhase::kIdle:
      return "";
    case RunPhase::kLoading: {
      for (const ModelRow& row : state.models) {
        if (row.phase == ModelPhase::kDownloading || row.phase == ModelPhase::kPreparing) {
          return row.id + ": " + describe_phase(row) + ".";
        }
      }
      return "Loading the models.";
    }
    case RunPhase::kWarmingUp:
      return "First run of each model.";
    case RunPhase::kTiming:
      return "Timing: run " + std::to_string(state.runs_done + 1) + " of " + std::to_string(state.runs_planned) + ".";
    case RunPhase::kDone:
      if (state.results_are_stale) return "The review has changed since these results. Compare again to update them.";
      return "";
  }
  return "";
}

std::string runtime_line(const Runtime& runtime) {
  if (runtime.name.empty()) return "";
  std::string text = runtime.name + " " + runtime.version + " · " + runtime.backend;
  if (runtime.threads == 0) return text;
  text += " · " + threads_text(runtime.threads);
  if (!runtime.isolated) text += " (without cross-origin isolation a page gets no more)";
  return text;
}

}  // namespace coppice::compare
