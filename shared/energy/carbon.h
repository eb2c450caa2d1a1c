// From a place to the carbon intensity of its electricity.
//
//   PlaceQuery place;
//   place.country = "FRA";
//   COPPICE_ASSIGN_OR_RETURN(Intensity intensity, resolve_intensity(place));
//   GramsCo2e emissions = energy * intensity.value;
//
// Location-based annual means. A newer value may always be forced or come from a table of the user's; a place that is
// not known is an error that names near ones, and the world average is used only if the country asked for is "WORLD".
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/energy/units.h"

namespace coppice::energy {

class IntensityTable;

// Empty strings: not given. Nothing here is case sensitive.
struct PlaceQuery {
  std::string country = {};         // ISO 3166 alpha-3, or "WORLD"
  std::string region = {};          // US state, Canadian or Chinese province, Nordic bidding zone: name or code
  std::string cloud_provider = {};  // gcp, aws, azure
  std::string cloud_region = {};
  std::optional<GramsPerKwh> forced = {};
  std::optional<int> year = {};                      // only this year's figure will do; else the newest
  std::shared_ptr<const IntensityTable> table = {};  // asked before the tables compiled in

  // Whether no place is named: a year or a table names none.
  [[nodiscard]] bool empty() const {
    return country.empty() && region.empty() && cloud_provider.empty() && cloud_region.empty() && !forced;
  }
};

enum class Resolved { kForced, kCloud, kRegion, kCountry, kWorldAverage, kLive };

// "forced", "cloud", "region", "country", "world_average" or "live".
const char* to_string(Resolved resolved);

// What is told of a value that was true at one moment (electricity_maps.h).
struct LiveDetails {
  std::string zone;
  std::string as_of;              // the moment the value is for, ISO 8601 in UTC, as it was answered
  std::optional<bool> estimated;  // by the publisher: a gap was filled, nothing was measured; absent if not told
  std::string estimation_method;  // "" if nothing was estimated
  std::string emission_factors;   // "lifecycle" or "direct"; "" if not told
};

struct Intensity {
  GramsPerKwh value;
  Resolved resolved = Resolved::kForced;
  std::string place;   // what answered: "Washington, USA", "gcp europe-west2"
  std::string source;  // table and publisher
  int year = 0;        // 0: not known
  std::string note;    // what was given but could not be used, "" if all was
  std::optional<LiveDetails> live = {};
};

// The newest figure for the most exact place: forced, then cloud region, region, country; for each of them the user's
// table before the ones compiled in. An unknown place, and a place without the year asked for, is kNotFound. A provider
// that publishes nothing per region (aws, azure) resolves by the country, with a note; without a country it is an
// error.
Result<Intensity> resolve_intensity(const PlaceQuery& place);

// As CodeCarbon 3.3.2 resolves it, fall-backs included: never fails, ends at the world average of 475 g/kWh. Knows no
// table of the user's and no year.
Intensity resolve_intensity_as_codecarbon(const PlaceQuery& place);

// {"intensity_g_per_kwh", "resolved", "place", "source", "year" (null if not known), "note" if any; for a live value
// "zone", "as_of", "estimated" (null if not told), "estimation_method", "emission_factors"}
OrderedJson to_json(const Intensity& intensity);

}  // namespace coppice::energy
