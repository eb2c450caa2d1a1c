#include "shared/energy/time_zones/country_of_zone.h"

#include <gtest/gtest.h>

#include "shared/energy/time_zones/zone_table.h"

namespace coppice::energy {
namespace {

TEST(CountryOfTimeZone, KnowsNewAndOldNames) {
  EXPECT_EQ(country_of_time_zone("Europe/Paris"), "FRA");
  EXPECT_EQ(country_of_time_zone("europe/paris"), "FRA");
  EXPECT_EQ(country_of_time_zone("America/Los_Angeles"), "USA");
  EXPECT_EQ(country_of_time_zone("Asia/Kolkata"), "IND");
  EXPECT_EQ(country_of_time_zone("Asia/Calcutta"), "IND");  // as Chromium still calls it
  EXPECT_EQ(country_of_time_zone("America/Buenos_Aires"), "ARG");
  EXPECT_EQ(country_of_time_zone("Europe/Oslo"), "NOR");  // shares its rules with Berlin
  EXPECT_EQ(country_of_time_zone("Africa/Lagos"), "NGA");
}

TEST(CountryOfTimeZone, OldNamesWhoseTargetLiesAbroadStayAtHome) {
  EXPECT_EQ(country_of_time_zone("America/Coral_Harbour"), "CAN");  // a link to Panama
  EXPECT_EQ(country_of_time_zone("Atlantic/Jan_Mayen"), "SJM");     // a link to Berlin
  EXPECT_EQ(country_of_time_zone("Africa/Timbuktu"), "MLI");
}

TEST(CountryOfTimeZone, GuessesNothingFromWhatIsNoPlace) {
  for (const char* zone : {"", " ", "UTC", "Etc/GMT+1", "EST5EDT", "Europe", "Europe/Paris ", "Mars/Olympus"}) {
    EXPECT_EQ(country_of_time_zone(zone), "") << zone;
  }
  EXPECT_STREQ(time_zone_version(), "2025b");
}

}  // namespace
}  // namespace coppice::energy
