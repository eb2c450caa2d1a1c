// From a place to the carbon intensity of its electricity.
//
//   PlaceQuery place;
//   place.country = "FRA";
//   COPPICE_ASSIGN_OR_RETURN(Intensity intensity, resolve_intensity(place));
//   GramsCo2e emissions = energy * intensity.value;
//
// Location-based annual means. A newer value may always be forced; a place that is not known is an error that names
// near ones, and the world average is used only if the country asked for is "WORLD".
#pragma once

#include <optional>
#include <string>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/energy/units.h"

namespace coppice::energy {

// Empty strings: not given. Nothing here is case sensitive.
struct PlaceQuery {
  std::string country;         // ISO 3166 alpha-3, or "WORLD"
  std::string region;          // US state, Canadian or Chinese province, Nordic bidding zone: name or code
  std::string cloud_provider;  // gcp, aws, azure
  std::string cloud_region;
  std::optional<GramsPerKwh> forced;

  [[nodiscard]] bool empty() const {
    return country.empty() && region.empty() && cloud_provider.empty() && cloud_region.empty() && !forced;
  }
};

enum class Resolved { kForced, kCloud, kRegion, kCountry, kWorldAverage };

// "forced", "cloud", "region", "country" or "world_average".
const char* to_string(Resolved resolved);

struct Intensity {
  GramsPerKwh value;
  Resolved resolved = Resolved::kForced;
  std::string place;   // what answered: "Washington, USA", "gcp europe-west2"
  std::string source;  // table and publisher
  int year = 0;        // 0: not known
  std::string note;    // what was given but could not be used, "" if all was
};

// The newest table for the most exact place: forced, then cloud region, region, country. An unknown place is
// kNotFound. A provider that publishes nothing per region (aws, azure) resolves by the country, with a note; without a
// country it is an error.
Result<Intensity> resolve_intensity(const PlaceQuery& place);

// As CodeCarbon 3.3.2 resolves it, fall-backs included: never fails, ends at the world average of 475 g/kWh.
Intensity resolve_intensity_as_codecarbon(const PlaceQuery& place);

// {"intensity_g_per_kwh", "resolved", "place", "source", "year" (null if not known), "note" if any}
OrderedJson to_json(const Intensity& intensity);

}  // namespace coppice::energy
