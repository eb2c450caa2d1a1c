// Comparison: what a visitor chooses of how results are shown and estimated. Nothing here asks a model anything.
#include <utility>

#include "shared/compare/comparison.h"
#include "shared/compare/headline.h"
#include "shared/energy/time_zones/country_of_zone.h"

namespace coppice::compare {
namespace {

constexpr size_t kOfNoModel = SIZE_MAX;

template <typename Enum>
Status take_named(const std::optional<Enum>& found, std::string_view what, std::string_view value, Enum& target) {
  if (!found) return not_found("no " + std::string(what) + " \"" + std::string(value) + "\"");
  target = *found;
  return {};
}

}  // namespace

Status Comparison::choose_device(std::string_view id) {
  if (energy::find_device(id) == nullptr) return not_found("no device \"" + std::string(id) + "\"");
  state_.device_id = id;
  estimate_all();
  changed();
  return {};
}

Status Comparison::choose_grid(std::string_view id) {
  COPPICE_RETURN_IF_ERROR(find_grid(id).status());
  state_.grid_id = id;
  state_.choices.grid_is_guess = false;
  grid_chosen_ = true;
  estimate_all();
  changed();
  return {};
}

void Comparison::tell_time_zone(std::string_view zone) {
  state_.choices.time_zone = zone;
  const std::string_view country = energy::country_of_time_zone(zone);
  // Some countries have no published intensity: then the world's stays, as before any guess.
  if (!grid_chosen_ && !country.empty() && find_grid(country).ok()) {
    state_.grid_id = country;
    state_.choices.grid_is_guess = true;
    estimate_all();
  }
  changed();
}

Status Comparison::choose(std::string_view what, std::string_view value) {
  Choices& choices = state_.choices;
  if (what == "layout") {
    COPPICE_RETURN_IF_ERROR(take_named(find_layout(value), what, value, choices.layout));
  } else if (what == "sort") {
    COPPICE_RETURN_IF_ERROR(take_named(find_sort(value), what, value, choices.sort));
  } else if (what == "axis") {
    COPPICE_RETURN_IF_ERROR(take_named(find_axis(value), what, value, choices.axis));
  } else if (what == "method") {
    COPPICE_RETURN_IF_ERROR(take_named(energy::find_inference_method(value), what, value, choices.method));
    estimate_all();
  } else if (what == "baseline" || what == "rival") {
    if (!value.empty()) COPPICE_RETURN_IF_ERROR(find_model(value).status());
    (what == "baseline" ? choices.baseline : choices.rival) = value;
    if (!comparing_) summarise();
  } else {
    return not_found("nothing to choose is called \"" + std::string(what) +
                     "\"; expected layout, sort, axis, method, baseline or rival");
  }
  changed();
  return {};
}

Status Comparison::set_reviews(int64_t reviews) {
  if (reviews < 1 || reviews > kMostReviews) {
    return invalid_usage("reviews must lie in 1 to " + std::to_string(kMostReviews) + ", not " +
                         std::to_string(reviews));
  }
  state_.choices.reviews = reviews;
  changed();
  return {};
}

Status Comparison::calibrate() {
  if (comparing_) return invalid_usage("A comparison is running: calibrate when it is done, or both would disturb it.");
  if (state_.calibrating) return {};
  state_.calibrating = true;
  Request request;
  request.kind = RequestKind::kCalibrate;
  emit(std::move(request), kOfNoModel);
  changed();
  return {};
}

void Comparison::calibrated(int64_t id, Calibration calibration) {
  if (!take_pending(id, RequestKind::kCalibrate)) return;
  state_.calibration = calibration;
  calibration_ended("");
  estimate_all();
  changed();
}

void Comparison::calibration_ended(const std::string& problem) {
  state_.calibrating = false;
  if (!problem.empty()) add_notice("This device could not be calibrated: " + problem);
}

void Comparison::estimate(size_t model) {
  ModelRow& row = state_.models[model];
  row.estimate.reset();
  const Result<energy::Intensity> intensity = find_grid(state_.grid_id);
  const energy::DevicePreset* device = energy::find_device(state_.device_id);
  if (!row.time || !intensity.ok() || device == nullptr) return;
  const double clock_error_ms =
      state_.calibration ? state_.calibration->clock_step_ms / static_cast<double>(row.runs_per_time) : 0;
  EstimateInputs inputs{state_.choices.method, std::nullopt, row.units_compared, row.facts, *device, *intensity};
  inputs.time = energy::TimedInference{
      energy::Seconds(row.time->median_ms / 1e3), energy::Seconds(row.time->interval_ms.low / 1e3),
      energy::Seconds(row.time->interval_ms.high / 1e3), energy::Seconds(clock_error_ms / 1e3)};
  row.estimate = estimate_of(inputs);
}

void Comparison::estimate_all() {
  for (size_t i = 0; i < models_.size(); ++i) estimate(i);
  write_headline();
}

}  // namespace coppice::compare
