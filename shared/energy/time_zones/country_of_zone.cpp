#include "shared/energy/time_zones/country_of_zone.h"

#include <algorithm>

#include "shared/energy/time_zones/zone_table.h"

namespace coppice::energy {
namespace {

char lower_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_zone(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_letter(x) == lower_letter(y); });
}

}  // namespace

std::string_view country_of_time_zone(std::string_view zone) {
  if (zone.empty()) return "";
  for (const CountryZones& country : country_zones()) {
    std::string_view rest = country.zones;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(' '), rest.size());
      if (same_zone(rest.substr(0, end), zone)) return country.iso3;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return "";
}

}  // namespace coppice::energy
