#include "shared/compare/estimate.h"

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

Estimate estimate_energy(energy::Seconds median, energy::Seconds low, energy::Seconds high,
                         const energy::DevicePreset& device, const energy::Intensity& intensity) {
  Estimate estimate;
  estimate.energy = energy::device_energy(device, median);
  estimate.energy.low = device.low * low;
  estimate.energy.high = device.high * high;
  // The time is observed, the power a default of the chosen kind of device: a model.
  estimate.energy.provenance.kind = energy::ProvenanceKind::kModelled;
  estimate.carbon = energy::emissions_of(estimate.energy, intensity.value, intensity.place + ", " + intensity.source);
  return estimate;
}

}  // namespace coppice::compare
