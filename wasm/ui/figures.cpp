#include "wasm/ui/figures.h"

#include "shared/compare/format.h"
#include "shared/compare/order.h"
#include "shared/energy/inference/operations.h"

namespace coppice::ui {

using compare::ModelRow;
using compare::State;

Figure time_figure(const State& state, const ModelRow& row) {
  Figure figure{"Time per review", "–", "", ""};
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
  if (state.calibration) {
    const double error = state.calibration->clock_step_ms / static_cast<double>(row.runs_per_time);
    figure.tooltip += " By the step of the clock each time is known to " + compare::format_milliseconds(error) + ".";
  } else {
    figure.tooltip += " How coarse the clock is has not been asked: calibrate the device to know.";
  }
  const auto operations = energy::operations_at(row.facts.encoder_operations, row.units_compared);
  if (operations && *operations > 0) {
    figure.tooltip += " That is " + compare::format_number(*operations / row.time->median_ms / 1e6) +
                      " GFLOP/s by the encoder's operations.";
  }
  return figure;
}

Figure energy_figure(const State& state, const ModelRow& row) {
  Figure figure{"Energy, modelled", "–", "", ""};
  if (!row.estimate) {
    if (row.time) {
      figure.detail = "no estimate by this method";
      figure.tooltip = std::string(energy::info_of(state.choices.method).name) +
                       ": this model's manifest has not what the method needs.";
    }
    return figure;
  }
  const auto& joules = row.estimate->energy;
  const auto& grams = row.estimate->carbon;
  figure.value = compare::format_joules(joules.value.value());
  figure.detail = compare::format_joules(joules.low.value()) + " to " + compare::format_joules(joules.high.value());
  figure.tooltip = std::string(energy::info_of(state.choices.method).counts) + " " +
                   energy::to_string(joules.provenance.kind) + ": " + joules.provenance.method +
                   ".\nCarbon of the electricity " + compare::format_grams_co2e(grams.value.value()) + " (" +
                   compare::format_grams_co2e(grams.low.value()) + " to " +
                   compare::format_grams_co2e(grams.high.value()) + "): " + grams.provenance.method + ".";
  if (row.estimate->embodied) {
    const auto& embodied = *row.estimate->embodied;
    figure.tooltip += "\nCarbon of the device's making, apart: " + compare::format_grams_co2e(embodied.value.value()) +
                      " (" + compare::format_grams_co2e(embodied.low.value()) + " to " +
                      compare::format_grams_co2e(embodied.high.value()) + "): " + embodied.provenance.method + ".";
  }
  return figure;
}

Figure size_figure(const ModelRow& row) {
  Figure figure{"Download", "–", "", ""};
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

Figure accuracy_figure(const ModelRow& row) {
  Figure figure{"Accuracy", "–", "", ""};
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

Note note_of(const State& state, size_t model) {
  const ModelRow& row = state.models[model];
  if (row.against_baseline) {
    const compare::TimeRatio& ratio = *row.against_baseline;
    std::string text = compare::format_ratio(ratio);
    if (text.find("clear") == std::string::npos) {
      // Only time x power changes by the share of the time.
      const bool both = state.choices.method == energy::InferenceMethod::kTimePower;
      text += both ? " time and energy" : " time";
    }
    return {text, ratio.interval.high < 1.0};
  }
  if (row.time && state.models.size() > 1 && compare::baseline_of(state) == model) return {"baseline", false};
  return {row.description, false};
}

}  // namespace coppice::ui
