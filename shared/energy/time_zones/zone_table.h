// The IANA tz database's names of time zones by country, old names included, written by generate.py.
#pragma once

#include <span>

namespace coppice::energy {

struct CountryZones {
  const char* iso3;   // ISO 3166 alpha-3
  const char* zones;  // separated by spaces
};

std::span<const CountryZones> country_zones();
const char* time_zone_version();  // "2025b"

}  // namespace coppice::energy
