#include "shared/energy/electricity_maps.h"

#include <cmath>
#include <cstdlib>

#include "shared/base/json.h"
#include "shared/energy/intensity_table.h"
#include "shared/energy/names.h"

namespace coppice::energy {

namespace {

constexpr size_t kLongestZone = 32;
constexpr size_t kLongestText = 64;

// "2026-11-24T09:00:00.000Z": date and hour as digits, and UTC.
bool is_moment(const std::string& text) {
  static constexpr char kShape[] = "0000-00-00T00:00";
  if (text.size() < sizeof kShape || text.size() > 30 || text.back() != 'Z') return false;
  for (size_t i = 0; i + 1 < sizeof kShape; ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == '0' ? !digit : text[i] != kShape[i]) return false;
  }
  const int month = std::atoi(text.substr(5, 2).c_str());
  const int day = std::atoi(text.substr(8, 2).c_str());
  const int hour = std::atoi(text.substr(11, 2).c_str());
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour <= 23 &&
         text.find_first_not_of("0123456789:.-TZ") == std::string::npos;
}

}  // namespace

Result<std::string> electricity_maps_zone(std::string_view typed) {
  const std::string zone = upper(typed);
  const bool sound = zone.size() >= 2 && zone.size() <= kLongestZone && zone.front() != '-' && zone.back() != '-' &&
                     zone.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == std::string::npos;
  if (sound) return zone;
  return invalid_usage("--zone: expected a zone of Electricity Maps such as FR, DK-DK1 or US-CAL-CISO, found \"" +
                       std::string(typed.substr(0, 40)) + "\"; app.electricitymaps.com shows them on its map");
}

std::string electricity_maps_path(const std::string& zone) {
  return "/carbon-intensity/latest?zone=" + zone + "&disableCallerLookup=true";
}

Result<Intensity> parse_electricity_maps(std::string_view body, const std::string& zone, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(body, source));
  JsonReader reader(document, source);
  LiveDetails live;
  live.zone = reader.string("zone");
  live.as_of = reader.string("datetime");
  const double grams = reader.number("carbonIntensity");
  if (reader.has("isEstimated")) live.estimated = reader.boolean("isEstimated");
  live.estimation_method = reader.string_or("estimationMethod", "").substr(0, kLongestText);
  live.emission_factors = reader.string_or("emissionFactorType", "").substr(0, kLongestText);
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (live.zone != zone) {
    return invalid_input(source + ": zone: asked for " + zone + " and got an answer for \"" +
                         live.zone.substr(0, kLongestText) + "\"; check the zone, its figure is not used");
  }
  if (!std::isfinite(grams) || grams < 0.0 || grams > kMostGramsPerKwh) {
    return invalid_input(source + ": carbonIntensity: expected 0 to 3000 g/kWh, found " + std::to_string(grams));
  }
  if (!is_moment(live.as_of)) {
    return invalid_input(source + ": datetime: expected a moment in UTC such as 2026-11-24T09:00:00.000Z, found \"" +
                         live.as_of.substr(0, kLongestText) + "\"");
  }
  Intensity intensity{GramsPerKwh(grams),
                      Resolved::kLive,
                      zone,
                      "Electricity Maps, " + live.as_of,
                      std::atoi(live.as_of.substr(0, 4).c_str()),
                      ""};
  if (live.estimated.value_or(false)) {
    intensity.note = "the value of " + live.as_of + " is an estimate of Electricity Maps" +
                     (live.estimation_method.empty() ? "" : " (" + live.estimation_method + ")");
  }
  intensity.live = std::move(live);
  return intensity;
}

}  // namespace coppice::energy
