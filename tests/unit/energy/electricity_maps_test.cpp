#include "shared/energy/electricity_maps.h"

#include <gtest/gtest.h>

namespace coppice::energy {
namespace {

// The shape of a recorded answer (US-CAR-DUK, 2024-03-06).
constexpr char kRecorded[] = R"({"zone":"US-CAR-DUK","carbonIntensity":216,"datetime":"2024-03-06T19:00:00.000Z",
  "updatedAt":"2024-03-06T18:48:27.926Z","createdAt":"2024-03-03T19:47:16.265Z","emissionFactorType":"lifecycle",
  "isEstimated":true,"estimationMethod":"TIME_SLICER_AVERAGE"})";

std::string answer(const std::string& member, const Json& value) {
  Json document = Json::parse(kRecorded);
  document[member] = value;
  return document.dump();
}

TEST(ElectricityMaps, ReadsARecordedAnswer) {
  const auto live = parse_electricity_maps(kRecorded, "US-CAR-DUK", "answer");
  ASSERT_TRUE(live.ok()) << live.status().message();
  EXPECT_EQ(live->value, GramsPerKwh(216.0));
  EXPECT_EQ(live->resolved, Resolved::kLive);
  EXPECT_EQ(live->year, 2024);
  EXPECT_EQ(live->live->as_of, "2024-03-06T19:00:00.000Z");
  EXPECT_EQ(live->live->estimated, true);
  EXPECT_NE(live->note.find("TIME_SLICER_AVERAGE"), std::string::npos);
  const OrderedJson json = to_json(*live);
  EXPECT_EQ(json["resolved"], "live");
  EXPECT_EQ(json["estimated"], true);
  EXPECT_EQ(json["emission_factors"], "lifecycle");
}

TEST(ElectricityMaps, AMeasuredValueHasNoNoteAndAnUntoldOneIsNull) {
  EXPECT_EQ(parse_electricity_maps(answer("isEstimated", false), "US-CAR-DUK", "a")->note, "");
  Json document = Json::parse(kRecorded);
  document.erase("isEstimated");
  const auto live = parse_electricity_maps(document.dump(), "US-CAR-DUK", "a");
  ASSERT_TRUE(live.ok());
  EXPECT_TRUE(to_json(*live)["estimated"].is_null());
}

TEST(ElectricityMaps, AnAnswerForAnotherZoneIsNotUsed) {
  // What the service does for a zone it does not know: it answers for where the caller is.
  const auto live = parse_electricity_maps(kRecorded, "FR", "answer");
  ASSERT_FALSE(live.ok());
  EXPECT_NE(live.status().message().find("asked for FR and got an answer for \"US-CAR-DUK\""), std::string::npos);
}

TEST(ElectricityMaps, BrokenAnswersAreErrors) {
  for (const std::string& body :
       {std::string(), std::string("not JSON"), std::string("[]"), std::string("{}"), std::string(kRecorded, 60),
        answer("carbonIntensity", nullptr), answer("carbonIntensity", "216"), answer("carbonIntensity", -1),
        answer("carbonIntensity", 3001), answer("datetime", "yesterday"),
        answer("datetime", "2024-13-06T19:00:00.000Z"), answer("datetime", "2024-03-06T29:00:00.000Z"),
        answer("datetime", "2024-03-06T19:00:00+01:00"), answer("datetime", "2024-03-06T19:00:00\nZ"),
        answer("isEstimated", "yes"), answer("zone", 5)}) {
    const auto live = parse_electricity_maps(body, "US-CAR-DUK", "answer");
    EXPECT_FALSE(live.ok()) << body;
    EXPECT_EQ(live.status().message().find("answer"), 0U) << live.status().message();
  }
}

TEST(ElectricityMaps, AZoneCannotChangeTheAddress) {
  EXPECT_EQ(*electricity_maps_zone("fr"), "FR");
  EXPECT_EQ(*electricity_maps_zone("us-cal-ciso"), "US-CAL-CISO");
  for (const char* typed :
       {"", "F", "-FR", "FR&zone=DE", "FR/../x", "F R", "FR\n", "FR?", "FRANCE IS A COUNTRY THAT IS LONG"}) {
    EXPECT_FALSE(electricity_maps_zone(typed).ok()) << typed;
  }
  EXPECT_EQ(electricity_maps_path("FR"), "/carbon-intensity/latest?zone=FR&disableCallerLookup=true");
}

}  // namespace
}  // namespace coppice::energy
