#include "shared/energy/carbon.h"

#include <gtest/gtest.h>

#include <sstream>

#include "native/io/file.h"
#include "shared/energy/cpu.h"
#include "shared/energy/names.h"
#include "shared/energy/ram.h"

namespace coppice::energy {
namespace {

std::string text_or_empty(const Json& value) { return value.is_null() ? "" : value.get<std::string>(); }

void expect_close(double actual, double expected) { EXPECT_NEAR(actual, expected, 1e-9 * std::abs(expected)); }

PlaceQuery place_of(const std::string& country, const std::string& region = "") {
  PlaceQuery place;
  place.country = country;
  place.region = region;
  return place;
}

TEST(Compatibility, EqualsCodecarbonOnTheGoldens) {
  const Result<std::string> text = read_file("tests/golden/carbon_golden.jsonl");
  ASSERT_TRUE(text.ok()) << text.status().message();
  std::istringstream lines(*text);
  std::string line;
  int emissions = 0;
  int ram = 0;
  int tdp = 0;
  int load = 0;
  while (std::getline(lines, line)) {
    SCOPED_TRACE(line);
    const Result<Json> parsed = parse_json(line, "carbon_golden.jsonl");
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    const Json& input = (*parsed)["input"];
    const Json& output = (*parsed)["output"];
    const std::string type = (*parsed)["type"];
    if (type == "emissions") {
      ++emissions;
      PlaceQuery place;
      place.country = text_or_empty(input["country_iso_code"]);
      place.region = text_or_empty(input["region"]);
      place.cloud_provider = text_or_empty(input["cloud_provider"]);
      place.cloud_region = text_or_empty(input["cloud_region"]);
      const Json& forced = input["force_carbon_intensity_g_co2e_kwh"];
      if (!forced.is_null()) place.forced = GramsPerKwh(forced.get<double>());
      const Intensity intensity = resolve_intensity_as_codecarbon(place);
      expect_close(intensity.value.value(), output["carbon_intensity_g_per_kwh"].get<double>());
      expect_close((from_kwh(input["energy_kwh"].get<double>()) * intensity.value).value() / 1000.0,
                   output["emissions_kg"].get<double>());
      EXPECT_EQ(to_string(intensity.resolved), output["resolved"].get<std::string>());
    } else if (type == "ram_power") {
      ++ram;
      const double gb = input["memory_gb"];
      EXPECT_EQ(dimm_count(gb), output["dimm_count"].get<int>());
      expect_close(ram_power(gb, input["arm_cpu"].get<bool>()).value(), output["watts"].get<double>());
    } else if (type == "cpu_tdp") {
      ++tdp;
      const CpuMatch match = match_cpu_as_codecarbon(input["model"], codecarbon_cpus());
      EXPECT_EQ(match.name.value_or(""), text_or_empty(output["matched_name"]));
      const double watts = match.tdp ? match.tdp->value() : kCodecarbonWattsPerThread * input["threads"].get<double>();
      expect_close(watts, output["tdp_w"].get<double>());
    } else {
      ASSERT_EQ(type, "cpu_load_power");
      ++load;
      expect_close(cpu_power_cubic(Watts(input["tdp_w"].get<double>()), input["load_percent"].get<double>()).value(),
                   output["watts"].get<double>());
    }
  }
  EXPECT_EQ(emissions, 8);
  EXPECT_EQ(ram, 3);
  EXPECT_EQ(tdp, 3);
  EXPECT_EQ(load, 1);
}

TEST(Compatibility, FallsBackAsCodecarbonDoes) {
  EXPECT_EQ(resolve_intensity_as_codecarbon({}).resolved, Resolved::kWorldAverage);
  EXPECT_EQ(resolve_intensity_as_codecarbon({}).value, GramsPerKwh(475.0));
  EXPECT_EQ(resolve_intensity_as_codecarbon(place_of("XXX")).resolved, Resolved::kWorldAverage);
  EXPECT_EQ(resolve_intensity_as_codecarbon(place_of("usa", "Washington")).resolved, Resolved::kRegion);
  EXPECT_EQ(resolve_intensity_as_codecarbon(place_of("USA", "WA")).resolved, Resolved::kCountry);
  EXPECT_EQ(resolve_intensity_as_codecarbon(place_of("CHN", " Guangdong   Sheng ")).resolved, Resolved::kRegion);
  EXPECT_EQ(resolve_intensity_as_codecarbon(place_of("CHN", "Tibet")).resolved, Resolved::kCountry);
  EXPECT_EQ(resolve_intensity_as_codecarbon(place_of("SWE", "NO1")).resolved, Resolved::kCountry);
  EXPECT_EQ(resolve_intensity_as_codecarbon(place_of("CAF")).value, GramsPerKwh(0.0));
}

TEST(Carbon, TakesTheMostExactPlaceAndTheNewestTable) {
  const Result<Intensity> france = resolve_intensity(place_of("fra"));
  ASSERT_TRUE(france.ok()) << france.status().message();
  EXPECT_EQ(france->resolved, Resolved::kCountry);
  EXPECT_GE(france->year, 2023);
  EXPECT_NE(france->source.find("Ember"), std::string::npos);
  for (const char* region : {"WA", "washington", "US-WA", "Washington "}) {
    const Result<Intensity> state = resolve_intensity(place_of("USA", region));
    ASSERT_TRUE(state.ok()) << region << ": " << state.status().message();
    EXPECT_NEAR(state->value.value(), 120.92092195644999, 1e-9);
  }
  EXPECT_EQ(resolve_intensity(place_of("CHN", "CN-BJ"))->value, GramsPerKwh(555.4));
  EXPECT_EQ(resolve_intensity(place_of("NOR", "no1"))->value, GramsPerKwh(26.0));
  PlaceQuery cloud = place_of("FRA");
  cloud.cloud_provider = "GCP";
  cloud.cloud_region = "us-central1";
  EXPECT_EQ(resolve_intensity(cloud)->value, GramsPerKwh(412.72));
  cloud.forced = GramsPerKwh(10.0);
  EXPECT_EQ(resolve_intensity(cloud)->resolved, Resolved::kForced);
}

TEST(Carbon, AnUnknownPlaceIsAnErrorThatNamesNearOnes) {
  const auto message = [](const PlaceQuery& place) {
    const Result<Intensity> result = resolve_intensity(place);
    EXPECT_FALSE(result.ok());
    return result.status().message();
  };
  EXPECT_NE(message(place_of("FRX")).find("FRA (France)"), std::string::npos) << message(place_of("FRX"));
  EXPECT_NE(message(place_of("Germany")).find("DEU (Germany)"), std::string::npos) << message(place_of("Germany"));
  EXPECT_NE(message(place_of("uk")).find("GBR (United Kingdom)"), std::string::npos) << message(place_of("uk"));
  EXPECT_NE(message(place_of("Deutschland")).find("DEU (Germany)"), std::string::npos);
  EXPECT_NE(message(place_of("USA", "Washingten")).find("washington"), std::string::npos);
  EXPECT_NE(message(place_of("SWE", "SE9")).find("SE1"), std::string::npos);
  EXPECT_NE(message(place_of("FRA", "Bretagne")).find("no table of regions"), std::string::npos);
  PlaceQuery cloud;
  cloud.cloud_provider = "gcp";
  cloud.cloud_region = "europe-west22";
  EXPECT_NE(message(cloud).find("europe-west2"), std::string::npos);
  cloud.cloud_provider = "aws";
  EXPECT_NE(message(cloud).find("--country"), std::string::npos);
  EXPECT_FALSE(resolve_intensity({}).ok());
}

TEST(Carbon, TheWorldAverageIsUsedOnlyWhenAskedFor) {
  EXPECT_FALSE(resolve_intensity(place_of("XXX")).ok());
  const Result<Intensity> world = resolve_intensity(place_of("world"));
  ASSERT_TRUE(world.ok());
  EXPECT_EQ(world->resolved, Resolved::kWorldAverage);
  EXPECT_GT(world->value, GramsPerKwh(300.0));
}

TEST(Carbon, ZeroInATableMeansNoDataAndIsNotUsed) {
  const Result<Intensity> caf = resolve_intensity(place_of("CAF"));
  ASSERT_FALSE(caf.ok());
  EXPECT_NE(caf.status().message().find("no carbon intensity"), std::string::npos);
}

TEST(Carbon, RefusesAnImpossibleIntensity) {
  PlaceQuery place;
  place.forced = GramsPerKwh(-1.0);
  EXPECT_FALSE(resolve_intensity(place).ok());
  place.forced = GramsPerKwh(std::nan(""));
  EXPECT_FALSE(resolve_intensity(place).ok());
}

TEST(Names, NearestFirstAndNothingFar) {
  const std::vector<std::string> names{"alabama", "alaska", "arizona"};
  EXPECT_EQ(nearest_names("alaksa", names, 1), std::vector<std::string>{"alaska"});
  EXPECT_TRUE(nearest_names("zzz", names).empty());
  EXPECT_EQ(did_you_mean({"a", "b", "c"}), " Did you mean a, b or c?");
}

}  // namespace
}  // namespace coppice::energy
