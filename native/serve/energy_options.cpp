#include "native/serve/energy_options.h"

#include <cmath>
#include <cstdlib>

#include "native/energy/settings.h"

namespace coppice::serve {
namespace {

Result<std::optional<double>> number_of(const std::map<std::string, energy::Setting>& settings, const char* key) {
  const auto found = settings.find(key);
  if (found == settings.end() || found->second.value.empty()) return std::optional<double>();
  char* end = nullptr;
  const double value = std::strtod(found->second.value.c_str(), &end);
  if (*end != '\0' || !std::isfinite(value)) {
    return invalid_usage(found->second.source + ": " + key + ": expected a number, found \"" + found->second.value +
                         "\"");
  }
  return std::optional(value);
}

}  // namespace

Result<std::shared_ptr<EnergyAccount>> open_account(const cli::EnergyOptions& options) {
  COPPICE_ASSIGN_OR_RETURN(const auto settings, energy::codecarbon_settings_of_process());
  cli::PlaceArguments place = options.place;
  if (place.place.empty() && !place.intensity) {
    const auto text = [&](const char* key) {
      const auto found = settings.find(key);
      return found == settings.end() ? std::string() : found->second.value;
    };
    place.place.country = text("country_iso_code");
    place.place.region = text("region");
    place.place.cloud_provider = text("cloud_provider");
    place.place.cloud_region = text("cloud_region");
    COPPICE_ASSIGN_OR_RETURN(place.intensity, number_of(settings, "force_carbon_intensity_g_co2e_kwh"));
  }
  EnergyAccountOptions account;
  COPPICE_ASSIGN_OR_RETURN(account.place, cli::place_query(place));
  std::optional<double> pue = options.pue;
  if (!pue) {
    COPPICE_ASSIGN_OR_RETURN(pue, number_of(settings, "pue"));
  }
  if (pue) account.pue = *pue;
  if (options.tdp_watts) account.cpu_tdp = energy::Watts(*options.tdp_watts);
  COPPICE_ASSIGN_OR_RETURN(auto opened, EnergyAccount::start(account));
  return std::shared_ptr<EnergyAccount>(std::move(opened));
}

}  // namespace coppice::serve
