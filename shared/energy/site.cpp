#include "shared/energy/site.h"

#include "shared/energy/names.h"
#include "shared/energy/places.h"

namespace coppice::energy {

namespace {

constexpr char kSource[] = "Cloud Carbon Footprint, GcpFootprintEstimationConstants.ts";

constexpr struct {
  const char* region;
  double pue;
} kGooglePue[] = {
    {"asia-east1", 1.12},   {"asia-southeast1", 1.13}, {"europe-north1", 1.09}, {"europe-west1", 1.09},
    {"europe-west4", 1.07}, {"us-central1", 1.11},     {"us-east4", 1.08},
};
constexpr double kOtherGooglePue = 1.1;

}  // namespace

std::optional<KnownPue> known_pue(const std::string& provider, const std::string& region) {
  if (lower(squeeze(provider)) != "gcp") return std::nullopt;
  const std::string name = lower(squeeze(region));
  if (find_google_year(name, 0) == nullptr) return std::nullopt;
  for (const auto& row : kGooglePue) {
    if (name == row.region) return KnownPue{row.pue, std::string(kSource) + ", " + name};
  }
  return KnownPue{kOtherGooglePue, std::string(kSource) + ", all other regions"};
}

Status check_pue(double pue) {
  if (pue >= 1.0 && pue <= kMostPue) return {};
  return invalid_usage("--pue: a power usage effectiveness is at least 1 and at most 10, not " + std::to_string(pue));
}

Status check_wue(double litres_per_kwh) {
  if (litres_per_kwh >= 0.0 && litres_per_kwh <= kMostWue) return {};
  return invalid_usage("--wue: expected 0 to 100 litres per kWh, not " + std::to_string(litres_per_kwh));
}

Status check_kwh(double kwh) {
  if (kwh >= 0.0 && kwh <= kMostKwh) return {};
  return invalid_usage("--kwh: expected a number of kWh from 0 to 1e14, not " + std::to_string(kwh));
}

double water_litres(Joules machine_energy, double litres_per_kwh) { return to_kwh(machine_energy) * litres_per_kwh; }

}  // namespace coppice::energy
