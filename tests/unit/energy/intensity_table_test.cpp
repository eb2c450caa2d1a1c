#include "shared/energy/intensity_table.h"

#include <gtest/gtest.h>

#include "shared/energy/carbon.h"

namespace coppice::energy {
namespace {

constexpr char kTable[] =
    "\xEF\xBB\xBF"
    "iso_code,name,region,cloud_provider,cloud_region,g_per_kwh,year,source\r\n"
    "FRA,France,,,,44.2,2025,\"RTE, annual report\"\r\n"
    "FRA,France,,,,51,2024,RTE\r\n"
    "usa,,Washington,,,99.5,2025,\r\n"
    "DEU,\"Bavaria, \"\"Bayern\"\"\",Bavaria,,,310,,own\r\n"
    ",,,gcp,europe-west9,12.5,2025,Google\r\n"
    "IRL,,,aws,eu-west-1,280,2025,\r\n"
    "WORLD,World,,,,450,2025,Ember\r\n";

Result<Intensity> resolve(const std::string& country, const std::string& region = "", const std::string& provider = "",
                          const std::string& cloud_region = "", std::optional<int> year = {}) {
  const Result<IntensityTable> table = IntensityTable::parse(kTable, "/home/somebody/new.csv");
  EXPECT_TRUE(table.ok()) << table.status().message();
  PlaceQuery place;
  place.country = country;
  place.region = region;
  place.cloud_provider = provider;
  place.cloud_region = cloud_region;
  place.year = year;
  place.table = std::make_shared<IntensityTable>(*table);
  return resolve_intensity(place);
}

TEST(IntensityTable, ItsRowsGoBeforeTheBuiltInOnesAndNameTheFile) {
  const auto france = resolve("fra");
  ASSERT_TRUE(france.ok()) << france.status().message();
  EXPECT_EQ(france->value, GramsPerKwh(44.2));
  EXPECT_EQ(france->year, 2025);
  EXPECT_EQ(france->place, "France");
  EXPECT_EQ(france->source, "RTE, annual report (new.csv, line 2)");
  EXPECT_EQ(france->resolved, Resolved::kCountry);
  // A region by any of its names, also where the built-in tables know none.
  for (const char* name : {"WA", "washington", "US-WA"})
    EXPECT_EQ(resolve("USA", name)->value, GramsPerKwh(99.5)) << name;
  EXPECT_EQ(resolve("USA", "WA")->source, "new.csv, line 4");
  EXPECT_EQ(resolve("DEU", " bavaria ")->place, "Bavaria, \"Bayern\"");
  EXPECT_EQ(resolve("", "", "GCP", "europe-west9")->value, GramsPerKwh(12.5));
  EXPECT_EQ(resolve("", "", "aws", "EU-WEST-1")->resolved, Resolved::kCloud);
  EXPECT_EQ(resolve("world")->resolved, Resolved::kWorldAverage);
  EXPECT_EQ(resolve("world")->value, GramsPerKwh(450.0));
}

TEST(IntensityTable, WhatItDoesNotHoldComesFromTheBuiltInTables) {
  EXPECT_NE(resolve("ESP")->source.find("Ember"), std::string::npos);
  EXPECT_NEAR(resolve("USA", "CA")->value.value(), resolve_intensity({.country = "USA", .region = "CA"})->value.value(),
              0.0);
  EXPECT_EQ(resolve("", "", "gcp", "us-central1")->value, GramsPerKwh(412.72));
}

TEST(IntensityTable, AYearIsTakenWhereItIsAndNowhereElse) {
  EXPECT_EQ(resolve("FRA", "", "", "", 2024)->value, GramsPerKwh(51.0));
  EXPECT_EQ(resolve("FRA", "", "", "", 2023)->source.find("Our World in Data"), 0U);
  const auto none = resolve("FRA", "", "", "", 1999);
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.status().message().find("no figure of 1999"), std::string::npos) << none.status().message();
}

TEST(IntensityTable, EveryFaultNamesItsLineAndColumn) {
  const std::string header = "iso_code,name,g_per_kwh,year,source\n";
  const std::string good = "FRA,France,44,2025,x\n";
  const struct {
    std::string text;
    const char* message;
  } cases[] = {
      {"", "t.csv: is empty"},
      {"\xEF\xBB\xBF\n\n", "t.csv: is empty"},
      {header, "no row below it"},
      {"iso_code,name\n", "line 1: there is no column g_per_kwh"},
      {"country,g_per_kwh\nFRA,4\n", "line 1, column 1: \"country\" is no column"},
      {"iso_code;g_per_kwh\nFRA;4\n", "not by semicolons"},
      {"iso_code,g_per_kwh,iso_code\n", "line 1, column 3: the column iso_code is there twice"},
      {header + good + "DEU,Germany,-5,2025,x\n",
       "t.csv, line 3, column 3 (g_per_kwh): expected more than 0, found -5"},
      {header + "DEU,Germany,0,2025,x\n", "line 2, column 3 (g_per_kwh): expected more than 0"},
      {header + "DEU,Germany,nan,2025,x\n", "expected a number with a decimal point, found \"nan\""},
      {header + "DEU,Germany,inf,2025,x\n", "expected a number"},
      {header + "DEU,Germany,0x10,2025,x\n", "expected a number"},
      {header + "DEU,Germany,1e999,2025,x\n", "expected a number"},
      {header + "DEU,Germany,\"350,5\",2025,x\n", "expected a number with a decimal point, found \"350,5\""},
      {header + "DEU,Germany,,2025,x\n", "expected a number with a decimal point, found \"\""},
      {header + "DEU,Germany,3001,2025,x\n", "at most 3000 g/kWh, found 3001; is it in another unit?"},
      {header + "DEU,Germany,350,25,x\n", "line 2, column 4 (year): expected a year"},
      {header + "DEU,Germany,350,2024.5,x\n", "expected a year"},
      {header + "Germany,Germany,350,2025,x\n", "line 2, column 1 (iso_code): expected an ISO 3166 alpha-3 code"},
      {header + ",Germany,350,2025,x\n", "line 2, column 1 (iso_code)"},
      {header + good + "\n" + good, "line 4, column 1 (iso_code): the place of this row is on line 2 too"},
      {header + good + "fra,France,45,,x\n", "the place of this row is on line 2 too"},
      {header + "FRA,France,45,,x\n" + good, "the place of this row is on line 2 too"},
      {header + "FRA,France,44,2025\n", "line 2: expected 5 cells as in the header, found 4"},
      {header + "FRA,\"France,44,2025,x\n", "line 2, cell 2: the quote that opens here is never closed"},
      {"iso_code,g_per_kwh,region\nWORLD,4,x\n", "line 2, column 3 (region): the world has no regions"},
      {"iso_code,g_per_kwh,region\nUSA,4,WA\nUSA,5,Washington\n",
       "line 3, column 1 (iso_code): the place of this row is on line 2"},
      {"iso_code,g_per_kwh,cloud_provider,cloud_region\nFRA,4,gcp,\n", "go together"},
      {"iso_code,g_per_kwh,cloud_provider,cloud_region\n,4,ibm,a\n",
       "column 3 (cloud_provider): expected gcp, aws or azure"},
      {"iso_code,g_per_kwh,region,cloud_provider,cloud_region\nFRA,4,a,gcp,b\n", "not both"},
      {std::string("\xFF\xFEi\0", 4), "UTF-16"},
  };
  for (const auto& broken : cases) {
    const auto table = IntensityTable::parse(broken.text, "t.csv");
    ASSERT_FALSE(table.ok()) << broken.text;
    EXPECT_EQ(table.status().code(), StatusCode::kInvalidInput);
    EXPECT_NE(table.status().message().find(broken.message), std::string::npos) << broken.message << "\n"
                                                                                << table.status().message();
    EXPECT_EQ(table.status().message().find("t.csv"), 0U) << table.status().message();
  }
}

TEST(IntensityTable, AHugeFileIsRefusedBeforeItIsRead) {
  const std::string huge(kMostTableBytes + 1, 'x');
  const auto table = IntensityTable::parse(huge, "t.csv");
  ASSERT_FALSE(table.ok());
  EXPECT_NE(table.status().message().find("larger than 10 MB"), std::string::npos);
}

TEST(IntensityTable, ManyRowsAreRead) {
  std::string text = "iso_code,region,g_per_kwh\n";
  for (int i = 0; i < 20000; ++i) text += "DEU,place " + std::to_string(i) + "," + std::to_string(1 + i % 900) + "\n";
  const auto table = IntensityTable::parse(text, "t.csv");
  ASSERT_TRUE(table.ok()) << table.status().message();
  EXPECT_EQ(table->size(), 20000U);
  ASSERT_NE(table->region("DEU", "Place 899", 0), nullptr);
  EXPECT_EQ(table->region("DEU", "Place 899", 0)->value, GramsPerKwh(900.0));
}

}  // namespace
}  // namespace coppice::energy
