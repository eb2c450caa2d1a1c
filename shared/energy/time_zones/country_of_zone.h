// In which country is a device whose clock is set to this time zone? A guess made without asking anyone: whoever
// travels or works over a VPN keeps the clock of home, and islands share the zone of another country.
#pragma once

#include <string_view>

namespace coppice::energy {

// `zone` as a browser names it ("Europe/Paris"; Intl.DateTimeFormat().resolvedOptions().timeZone), case aside. Returns
// the ISO 3166 alpha-3 code, or "" for a zone that is no place ("UTC") or not known.
std::string_view country_of_time_zone(std::string_view zone);

}  // namespace coppice::energy
