// coppice footprint as scripts call it.
#include <gtest/gtest.h>

#include <string>

#include "shared/base/json.h"
#include "tests/unit/cli/program.h"
#include "tests/unit/footprint/made_export.h"

namespace coppice::cli {
namespace {

TEST(FootprintCli, ComparesAndSaysSoInJsonAndText) {
  const ScratchFolder folder;
  const std::string exported = folder.write("export.csv", footprint::kHeader + footprint::row("2024-03-01", 1.5));
  const std::string usage = folder.write("usage.csv", footprint::kUsage);
  const std::string call = "footprint compare --export '" + exported + "' --usage '" + usage + "'";
  const ProgramResult json = run_coppice(call + " --json");
  ASSERT_EQ(json.exit_code, 0) << json.err;
  const Json subject = Json::parse(json.out, nullptr, false)["subjects"][0];
  double product = 1.0;
  for (const Json& factor : subject["factors"]) product *= factor["value"].get<double>();
  EXPECT_NEAR(product, subject["ratio_location_based"].get<double>(), 1e-12);
  EXPECT_EQ(subject["months"][0], "2024-03");
  const ProgramResult text = run_coppice(call);
  EXPECT_NE(text.out.find("Google / ours = "), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("utilisation (modelled)"), std::string::npos) << text.out;
}

TEST(FootprintCli, UpkeepOfAMonth) {
  const ProgramResult result = run_coppice(
      "footprint upkeep --cloud gcp --cloud-region europe-north2 --requests 1e5 --seconds-per-request 0.05 "
      "--image-mb 40 --versions 5 --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json answer = Json::parse(result.out, nullptr, false);
  EXPECT_EQ(answer["items"].size(), 6U);
  EXPECT_GT(answer["items"][0]["energy_joules"]["value"], 0.0);
  EXPECT_EQ(answer["items"][0]["name"], "requests");
  EXPECT_EQ(answer["items"][2]["energy_joules"]["value"], 0.0);
  EXPECT_EQ(answer["intensity"]["intensity_g_per_kwh"], 2.73);
  EXPECT_EQ(answer["pue"], 1.1);
}

TEST(FootprintCli, FaultsHaveTheirExitCodes) {
  const ScratchFolder folder;
  const std::string exported = folder.write("export.csv", footprint::kHeader + footprint::row("2024-03-01", 1.5));
  const std::string usage = folder.write("usage.csv", footprint::kUsage);
  const std::string one = "footprint compare --export '" + exported + "'";
  const struct {
    std::string arguments;
    int code;
    const char* message;
  } cases[] = {
      {"footprint", 2, "subcommand"},
      {"footprint compare --usage '" + usage + "'", 2, "--export"},
      {one, 2, "--usage"},
      {one + " --usage /nonexistent", 3, "/nonexistent: cannot be read"},
      {one + " --usage '" + usage + "' --from 2024-3", 3, "--from: expected a month"},
      {one + " --usage '" + usage + "' --pue 0.5", 2, "--pue"},
      {one + " --usage '" + usage + "' --utilisation 2", 2, "--utilisation"},
      {one + " --usage '" + usage + "' --architecture Skylak", 3, "Skylake"},
      {one + " --record '" + usage + "'", 2, "--project"},
      {"footprint upkeep --requests 1 --seconds-per-request 1", 2, "no place given"},
      {"footprint upkeep --country FRA --requests -1 --seconds-per-request 1", 2, "requests_per_month"},
      {"footprint upkeep --country FRA --requests 1 --seconds-per-request 1 --retrainings 1", 2, "run record"},
  };
  for (const auto& wrong : cases) {
    const ProgramResult result = run_coppice(wrong.arguments);
    EXPECT_EQ(result.exit_code, wrong.code) << wrong.arguments << "\n" << result.err;
    EXPECT_EQ(result.out, "") << wrong.arguments;
    EXPECT_NE(result.err.find(wrong.message), std::string::npos) << wrong.arguments << "\n" << result.err;
  }
}

}  // namespace
}  // namespace coppice::cli
