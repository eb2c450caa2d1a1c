#include "shared/energy/published.h"

#include <algorithm>

#include "shared/energy/names.h"
#include "shared/energy/places.h"

namespace coppice::energy {

std::vector<PublishedValue> published_values(const PlaceQuery& place, const Intensity& answer) {
  std::vector<PublishedValue> values;
  const std::string country = upper(squeeze(place.country));
  switch (answer.resolved) {
    case Resolved::kCountry:
    case Resolved::kWorldAverage: {
      const CountryRow* ember = find_country(ember_countries(), country);
      const CountryRow* owid = find_country(codecarbon_countries(), country);
      if (ember != nullptr && ember->g_per_kwh > 0.0) {
        values.push_back({GramsPerKwh(ember->g_per_kwh), "Ember", ember->year});
      }
      if (owid != nullptr && owid->g_per_kwh > 0.0) {
        values.push_back({GramsPerKwh(owid->g_per_kwh), "Our World in Data", owid->year});
      }
      if (country == "WORLD") {
        values.push_back({GramsPerKwh(kCodecarbonWorldGramsPerKwh), "IEA", kCodecarbonWorldYear});
      }
      break;
    }
    case Resolved::kCloud:
      for (const GoogleYearRow& row : google_years()) {
        const bool same_kind = (row.year < kGoogleFirstGridYear) == (answer.year < kGoogleFirstGridYear);
        if (same_kind && lower(squeeze(place.cloud_region)) == row.region) {
          values.push_back({GramsPerKwh(row.g_per_kwh), "Google", row.year});
        }
      }
      break;
    case Resolved::kRegion:
      values.push_back({answer.value, answer.source, answer.year});
      break;
    case Resolved::kForced:
    case Resolved::kLive:
      break;
  }
  // A value that is not among them came from the user's table, which is newer by their own word: an old value is no
  // evidence against it.
  const bool among = std::any_of(values.begin(), values.end(),
                                 [&](const PublishedValue& published) { return published.value == answer.value; });
  if (!among) values.clear();
  return values;
}

Figure<GramsPerKwh> with_published_range(const PlaceQuery& place, const Intensity& answer) {
  Figure<GramsPerKwh> figure{answer.value, answer.value, answer.value, {}};
  const std::string what = answer.resolved == Resolved::kLive ? "intensity of the hour" : "location-based annual mean";
  const std::string year = answer.year == 0 ? "" : " " + std::to_string(answer.year);
  if (answer.resolved == Resolved::kForced) {
    figure.provenance = {ProvenanceKind::kAssumed, "intensity given by the user; no interval given"};
    return figure;
  }
  figure.provenance.kind = ProvenanceKind::kModelled;
  figure.provenance.method = what + ", " + answer.source + year;
  const std::vector<PublishedValue> values = published_values(place, answer);
  if (values.size() < 2) {
    figure.provenance.method += "; no second value is published here, so that there is no interval";
    return figure;
  }
  figure.provenance.method += "; interval: range of published values (";
  for (size_t i = 0; i < values.size(); ++i) {
    figure.low = std::min(figure.low, values[i].value);
    figure.high = std::max(figure.high, values[i].value);
    figure.provenance.method += (i == 0 ? "" : ", ") + values[i].source + " " + std::to_string(values[i].year);
  }
  figure.provenance.method += "), no confidence interval";
  return figure;
}

}  // namespace coppice::energy
