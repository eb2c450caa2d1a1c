#include "shared/compare/estimate.h"

#include "shared/energy/embodied.h"
#include "shared/energy/inference/operations.h"
#include "shared/energy/inference/shipped.h"
#include "shared/energy/tables/tables.h"

namespace coppice::compare {
namespace {

constexpr std::string_view kGoogleCloud = "gcp:";

}  // namespace

std::vector<GridPreset> grid_presets() {
  std::vector<GridPreset> grids;
  // The tables list some places without a figure; only what resolves can be chosen, with the number that will be used.
  const auto add = [&grids](std::string id, std::string name, const char* group) {
    const Result<energy::Intensity> intensity = find_grid(id);
    if (intensity.ok()) grids.push_back({std::move(id), std::move(name), group, intensity->value.value()});
  };
  add("WORLD", "World", "");
  for (const energy::CountryRow& row : energy::ember_countries()) {
    if (std::string_view(row.iso3) != "WORLD") add(row.iso3, row.name, "Countries");
  }
  for (const energy::CloudRow& row : energy::google_clouds_2024()) {
    add(std::string(kGoogleCloud) + row.region, std::string(row.region) + " (" + row.place + ")",
        "Google Cloud regions");
  }
  return grids;
}

Result<energy::Intensity> find_grid(std::string_view id) {
  energy::PlaceQuery place;
  if (id.substr(0, kGoogleCloud.size()) == kGoogleCloud) {
    place.cloud_provider = "gcp";
    place.cloud_region = id.substr(kGoogleCloud.size());
  } else {
    place.country = id;
  }
  return energy::resolve_intensity(place);
}

namespace {

std::optional<energy::Figure<energy::Joules>> energy_of(const EstimateInputs& inputs) {
  switch (inputs.method) {
    case energy::InferenceMethod::kTimePower:
      if (!inputs.time) return std::nullopt;
      return energy::energy_by_time(*inputs.time, inputs.device);
    case energy::InferenceMethod::kOperations: {
      const std::optional<double> operations = energy::operations_at(inputs.facts.encoder_operations, inputs.units);
      // A count of none is no encoder's: nothing is known.
      if (!operations || *operations <= 0) return std::nullopt;
      return energy::energy_by_operations(*operations, inputs.facts.int8);
    }
    case energy::InferenceMethod::kShipped:
      return energy::energy_as_shipped(inputs.facts.native_runs, inputs.units);
  }
  return std::nullopt;
}

// A server is shared by many: its part in one review is not the whole of it, so none is told.
std::optional<energy::Figure<energy::GramsCo2e>> embodied_of(const EstimateInputs& inputs) {
  const Result<energy::Hardware> hardware = energy::hardware_of_device(inputs.device.id);
  if (!inputs.time || !hardware.ok()) return std::nullopt;
  energy::Figure<energy::GramsCo2e> figure = energy::embodied_emissions(*hardware, inputs.time->median);
  figure.low = energy::embodied_emissions(*hardware, inputs.time->low).low;
  figure.high = energy::embodied_emissions(*hardware, inputs.time->high).high;
  return figure;
}

}  // namespace

std::optional<Estimate> estimate_of(const EstimateInputs& inputs) {
  const std::optional<energy::Figure<energy::Joules>> energy = energy_of(inputs);
  if (!energy) return std::nullopt;
  Estimate estimate;
  estimate.energy = *energy;
  estimate.carbon = energy::emissions_of(estimate.energy, inputs.intensity.value,
                                         inputs.intensity.place + ", " + inputs.intensity.source);
  estimate.embodied = embodied_of(inputs);
  return estimate;
}

}  // namespace coppice::compare
