// coppice carbon and coppice sci as scripts call them, the live intensity from a scripted server.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <string>

#include "shared/base/json.h"
#include "tests/unit/cli/program.h"
#include "tests/unit/data/fixtures.h"

namespace coppice::cli {
namespace {

using data::TestServer;

constexpr char kToken[] = "t0ken-of-a-user";

class CarbonCli : public testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("ELECTRICITYMAPS_TOKEN");
    ::unsetenv("CODECARBON_ELECTRICITYMAPS_API_TOKEN");
    ::setenv("HOME", folder_.path().c_str(), 1);  // no settings of the user's
  }
  // The one document on standard output; the call must succeed.
  static Json json(const std::string& arguments) {
    const ProgramResult result = run_coppice(arguments + " --json");
    EXPECT_EQ(result.exit_code, 0) << arguments << "\n" << result.err;
    return Json::parse(result.out, nullptr, false);
  }
  static void expect_error(const std::string& arguments, int code, const std::string& message) {
    const ProgramResult result = run_coppice(arguments);
    EXPECT_EQ(result.exit_code, code) << arguments << "\n" << result.err;
    EXPECT_EQ(result.out, "") << arguments;
    EXPECT_NE(result.err.find(message), std::string::npos) << arguments << "\n" << result.err;
  }
  ScratchFolder folder_;
};

TEST_F(CarbonCli, TheFieldsThatScriptsRelyOn) {
  const Json answer = json("carbon --kwh 2 --country FRA");
  for (const char* field : {"kg_co2e", "intensity_g_per_kwh", "resolved", "source", "year", "pue", "market_based"}) {
    EXPECT_TRUE(answer.contains(field)) << field;
  }
  EXPECT_DOUBLE_EQ(answer["kg_co2e"].get<double>(), 2 * answer["intensity_g_per_kwh"].get<double>() / 1000);
  EXPECT_EQ(answer["resolved"], "country");
  EXPECT_EQ(answer["pue"], 1.0);
  EXPECT_LE(answer["kg_co2e_low"], answer["kg_co2e"]);
  EXPECT_GE(answer["kg_co2e_high"], answer["kg_co2e"]);
  EXPECT_EQ(answer["provenance"], "modelled");
  EXPECT_TRUE(answer["market_based"].is_null());
  EXPECT_NE(answer["market_based_absent"].get<std::string>().find("--market-intensity"), std::string::npos);
  EXPECT_FALSE(answer.contains("water_litres"));  // not asked
}

TEST_F(CarbonCli, PueWaterAndMarketStandInTheAnswerAndNeverInTheLocationBasedFigure) {
  const Json answer = json("carbon --kwh 2 --cloud gcp --cloud-region us-central1 --pue table --wue 1.5");
  EXPECT_EQ(answer["pue"], 1.11);
  EXPECT_NEAR(answer["kg_co2e"].get<double>(), 2 * 1.11 * 412.72 / 1000, 1e-12);
  EXPECT_DOUBLE_EQ(answer["water_litres"].get<double>(), 3.0);  // of the machines' energy
  EXPECT_LT(answer["market_based"]["kg_co2e"], answer["kg_co2e"]);
  EXPECT_EQ(answer["market_based"]["kg_co2e_low"], 0.0);
  EXPECT_DOUBLE_EQ(answer["market_based"]["kg_co2e_high"].get<double>(), answer["kg_co2e"].get<double>());
  EXPECT_EQ(answer["market_based"]["provenance"], "modelled");
  const Json contract = json("carbon --kwh 2 --country FRA --market-intensity 0");
  EXPECT_EQ(contract["market_based"]["kg_co2e"], 0.0);
  EXPECT_GT(contract["kg_co2e"], 0.0);
  EXPECT_EQ(json("carbon --kwh 2 --cloud gcp --cloud-region us-central1")["pue_known"], 1.11);
  // As CodeCarbon: water of the building's energy.
  EXPECT_DOUBLE_EQ(
      json("carbon --kwh 2 --country FRA --pue 1.5 --wue 1 --compat codecarbon")["water_litres"].get<double>(), 3.0);
}

TEST_F(CarbonCli, RegionsAreListedLowestFirst) {
  const Json regions = json("carbon --cloud gcp --list")["regions"];
  ASSERT_GT(regions.size(), 40U);
  EXPECT_EQ(regions[0]["region"], "europe-north2");
  EXPECT_EQ(regions[0]["intensity_g_per_kwh"], 2.73);
  for (size_t i = 1; i < regions.size(); ++i) {
    EXPECT_LE(regions[i - 1]["intensity_g_per_kwh"], regions[i]["intensity_g_per_kwh"]);
  }
  for (const Json& region : regions) {
    EXPECT_GE(region["pue"], 1.0);
    EXPECT_EQ(region["year"], 2024);
    // What the listing says is what the region answers with.
    if (region["region"] == "us-central1") {
      EXPECT_EQ(region["intensity_g_per_kwh"], 412.72);
      EXPECT_EQ(region["pue"], 1.11);
      EXPECT_EQ(region["country"], "USA");
    }
  }
  EXPECT_EQ(json("carbon --cloud gcp --list --year 2023")["regions"].size(), 40U);
  const ProgramResult text = run_coppice("carbon --cloud gcp --list");
  EXPECT_EQ(text.out.find("europe-north2: 2.73 g/kWh in 2024, PUE 1.1, carbon-free "), 0U) << text.out;
}

TEST_F(CarbonCli, ATableOfTheUsersAnswersAndItsFaultsAreNamed) {
  const std::string table = folder_.write("new.csv", "iso_code,name,g_per_kwh,year,source\nFRA,France,40.5,2025,RTE\n");
  const Json answer = json("carbon --kwh 1 --country FRA --intensity-table '" + table + "'");
  EXPECT_EQ(answer["intensity_g_per_kwh"], 40.5);
  EXPECT_EQ(answer["year"], 2025);
  EXPECT_NE(answer["source"].get<std::string>().find("new.csv, line 2"), std::string::npos);
  const std::string bad = folder_.write("bad.csv", "iso_code,g_per_kwh\nFRA,-4\n");
  expect_error("carbon --kwh 1 --country FRA --intensity-table '" + bad + "'", 3,
               "bad.csv, line 2, column 2 (g_per_kwh)");
  expect_error("carbon --kwh 1 --country FRA --intensity-table /nonexistent.csv", 3,
               "/nonexistent.csv: cannot be read");
  expect_error("carbon --kwh 1 --country FRA --intensity-table '" + folder_.path().string() + "'", 3, "is a folder");
  expect_error("carbon --kwh 1 --country FRA --intensity-table /dev/zero", 3, "larger than 10 MB");
}

TEST_F(CarbonCli, WhatMakesNoSenseIsRefusedWithTheReason) {
  const struct {
    const char* arguments;
    int code;
    const char* message;
  } cases[] = {
      {"carbon --kwh -1 --country FRA", 2, "--kwh"},
      {"carbon --kwh nan --country FRA", 2, "--kwh"},
      {"carbon --kwh 1e15 --country FRA", 2, "--kwh"},
      {"carbon --country FRA", 2, "--kwh"},
      {"carbon --list", 2, "--cloud gcp"},
      {"carbon --list --cloud aws", 3, "gcp only"},
      {"carbon --list --cloud gcp --year 1999", 3, "no region has a figure of 1999"},
      {"carbon --list --cloud gcp --kwh 1", 2, "--kwh"},
      {"carbon --list --cloud gcp --cloud-region us-central1", 2, "--cloud-region"},
      {"carbon --kwh 1", 2, "no place given"},
      {"carbon --kwh 1 --country FRX", 3, "FRA (France)"},
      {"carbon --kwh 1 --country Germany", 3, "DEU (Germany)"},
      {"carbon --kwh 1 --country USA --region Californa", 3, "california"},
      {"carbon --kwh 1 --region california", 2, "needs --country"},
      {"carbon --kwh 1 --cloud gcp", 2, "needs --cloud-region"},
      {"carbon --kwh 1 --cloud-region us-central1", 2, "is a region of gcp"},
      {"carbon --kwh 1 --cloud gcp --cloud-region us-centrall", 3, "us-central1"},
      {"carbon --kwh 1 --cloud google --cloud-region us-central1", 3, "Did you mean gcp?"},
      {"carbon --kwh 1 --cloud aws --cloud-region eu-west-1", 3, "--country"},
      {"carbon --kwh 1 --intensity -1", 2, "--intensity"},
      {"carbon --kwh 1 --intensity 10 --year 2022", 2, "--year"},
      {"carbon --kwh 1 --country FRA --year 1990", 3, "no figure of 1990"},
      {"carbon --kwh 1 --country FRA --pue 0.9", 2, "--pue"},
      {"carbon --kwh 1 --country FRA --pue much", 2, "\"table\""},
      {"carbon --kwh 1 --country FRA --pue table", 3, "Google Cloud regions only"},
      {"carbon --kwh 1 --country FRA --wue -1", 2, "--wue"},
      {"carbon --kwh 1 --country FRA --market-intensity -1", 2, "--market-intensity"},
      {"carbon --kwh 1 --live --country FRA", 2, "--zone"},
      {"carbon --kwh 1 --zone FR --country FRA", 2, "go with --live"},
      {"carbon --kwh 1 --live --zone FR", 2, "ELECTRICITYMAPS_TOKEN"},
      {"carbon --kwh 1 --live --zone FR --compat codecarbon", 2, "excludes"},
      {"sci --kwh 1 --hours 1 --country FRA --device laptop", 2, "--functional-unit"},
      {"sci --kwh 1 --hours 1 --country FRA --functional-unit x", 2, "--machine-type"},
      {"sci --kwh 1 --country FRA --functional-unit x --device laptop", 2, "--hours"},
      {"sci --hours 1 --country FRA --functional-unit x --device laptop", 2, "--kwh"},
      {"sci --kwh 1 --hours -1 --country FRA --functional-unit x --device laptop", 2, "--hours"},
      {"sci --kwh 1 --hours 1 --country FRA --functional-unit x --device laptop --units 0", 2, "--units"},
      {"sci --kwh 1 --hours 1 --country FRA --functional-unit x --device toaster", 3, "expected one of laptop"},
      {"sci --kwh 1 --hours 1 --country FRA --functional-unit x --machine-type n2-standard-7", 3, "n2-standard-"},
      {"sci --kwh 1 --hours 1 --country FRA --functional-unit x --server memory-gb=1,x=2", 2, "x=2"},
      {"sci --kwh 1 --hours 1 --country FRA --functional-unit x --embodied-kg 1000 --share 2", 2, "--share"},
      {"sci --kwh 1 --hours 1 --country FRA --functional-unit x --share 0.5", 2, "need --embodied-kg"},
  };
  for (const auto& wrong : cases) expect_error(wrong.arguments, wrong.code, wrong.message);
}

TEST_F(CarbonCli, LiveComesFromTheServiceWithTheTokenHidden) {
  const TestServer server([](const auto&) {
    return TestServer::answer("200 OK", "",
                              R"({"zone":"FR","carbonIntensity":46,"datetime":"2026-11-24T09:00:00.000Z",
        "emissionFactorType":"lifecycle","isEstimated":false,"estimationMethod":null})");
  });
  const std::string call = "carbon --kwh 1 --live --zone fr --electricity-maps-url " + server.url("/v4");
  ::setenv("ELECTRICITYMAPS_TOKEN", kToken, 1);
  const ProgramResult result = run_coppice(call + " --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json answer = Json::parse(result.out, nullptr, false);
  EXPECT_EQ(answer["resolved"], "live");
  EXPECT_EQ(answer["intensity_g_per_kwh"], 46);
  EXPECT_EQ(answer["as_of"], "2026-11-24T09:00:00.000Z");
  EXPECT_EQ(answer["estimated"], false);
  EXPECT_EQ(result.out.find(kToken), std::string::npos);
  EXPECT_EQ(result.err.find(kToken), std::string::npos);
  EXPECT_EQ(server.requests().at(0).header("auth-token"), kToken);
  // The same token from CodeCarbon's variable, and from a file.
  ::unsetenv("ELECTRICITYMAPS_TOKEN");
  ::setenv("CODECARBON_ELECTRICITYMAPS_API_TOKEN", "second", 1);
  EXPECT_EQ(run_coppice(call).exit_code, 0);
  const std::string file = folder_.write("token", "third\n");
  ::chmod(file.c_str(), 0600);
  EXPECT_EQ(run_coppice(call + " --electricity-maps-token-file '" + file + "'").exit_code, 0);
  EXPECT_EQ(server.requests().at(1).header("auth-token"), "second");
  EXPECT_EQ(server.requests().at(2).header("auth-token"), "third");
}

TEST_F(CarbonCli, LiveThatFailsIsAnErrorAndATableOnlyWhereAskedFor) {
  const TestServer server([](const auto&) { return TestServer::answer("401 Unauthorized", "", "{\"error\":\"no\"}"); });
  ::setenv("ELECTRICITYMAPS_TOKEN", kToken, 1);
  const std::string rest = " --zone FR --country FRA --electricity-maps-url " + server.url("");
  expect_error("carbon --kwh 1 --live" + rest, 1, "the token was refused");
  const Json answer = json("carbon --kwh 1 --live-or-table" + rest);
  EXPECT_EQ(answer["resolved"], "country");
  EXPECT_NE(answer["note"].get<std::string>().find("no live intensity"), std::string::npos);
  EXPECT_NE(answer["note"].get<std::string>().find("HTTP 401"), std::string::npos);
  expect_error("carbon --kwh 1 --live-or-table --zone FR --country FRX --electricity-maps-url " + server.url(""), 3,
               "no table either");
}

TEST_F(CarbonCli, SciOfTheSpecificationsExampleAndOfARecord) {
  const Json example =
      json("sci --kwh 0 --hours 1 --intensity 0 --embodied-kg 1000 --lifespan-years 4 --functional-unit 'one hour'");
  EXPECT_NEAR(example["sci_grams_co2e_per_unit"].get<double>(), 28.5, 0.1);
  const ProgramResult tracked =
      run_coppice("track --country FRA --machine-type n2-standard-8 --wue 2 --quiet --json --output '" +
                  folder_.path().string() + "' -- sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'");
  ASSERT_EQ(tracked.exit_code, 0) << tracked.err;
  const Json run = Json::parse(tracked.out, nullptr, false);
  ASSERT_TRUE(run["energy"].contains("energy_joules")) << tracked.out;
  EXPECT_GT(run["energy"]["embodied_grams_co2e"]["value"], 0.0);
  EXPECT_GT(run["energy"]["water_litres"]["value"], 0.0);
  const std::string record = run["record"];
  const Json score =
      json("sci --record '" + record + "' --units 2 --functional-unit '1000 reviews' --machine-type n2-standard-8");
  EXPECT_NEAR(score["sci_grams_co2e_per_unit"].get<double>(),
              (run["energy"]["carbon_grams_co2e"]["value"].get<double>() +
               run["energy"]["embodied_grams_co2e"]["value"].get<double>()) /
                  2,
              1e-9);
  EXPECT_EQ(score["intensity"]["place"], "France");
  expect_error("sci --record '" + folder_.write("x.json", "{}") + "' --functional-unit x --device laptop", 3, "x.json");
}

TEST_F(CarbonCli, ALiveTrackStoresTheMomentAndNotTheToken) {
  const TestServer server([](const auto&) {
    return TestServer::answer(
        "200 OK", "",
        R"({"zone":"FR","carbonIntensity":46,"datetime":"2026-11-24T09:00:00.000Z","isEstimated":true,
        "estimationMethod":"TIME_SLICER_AVERAGE"})");
  });
  ::setenv("ELECTRICITYMAPS_TOKEN", kToken, 1);
  const ProgramResult result = run_coppice("track --live --zone FR --json --electricity-maps-url " + server.url("/v4") +
                                           " --output '" + folder_.path().string() + "' -- true");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json run = Json::parse(result.out, nullptr, false);
  EXPECT_EQ(run["energy"]["intensity"]["as_of"], "2026-11-24T09:00:00.000Z");
  EXPECT_EQ(run["energy"]["intensity"]["estimated"], true);
  const std::string record = file_content(run["record"].get<std::string>());
  EXPECT_EQ(record.find(kToken), std::string::npos);
  EXPECT_NE(record.find("\"--zone\""), std::string::npos) << record;  // as typed, also through coppice-tools
  EXPECT_EQ(result.err.find(kToken), std::string::npos);
  // Refused before the command is run.
  const std::string ran = (folder_.path() / "ran").string();
  EXPECT_EQ(run_coppice("track --live --zone FR --electricity-maps-url http://127.0.0.1:1 --output '" +
                        folder_.path().string() + "' -- touch '" + ran + "'")
                .exit_code,
            1);
  EXPECT_FALSE(std::filesystem::exists(ran));
}

}  // namespace
}  // namespace coppice::cli
