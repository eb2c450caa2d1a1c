// What coppice-tools does is asked of coppice, in its words and with its exit codes.
#include <gtest/gtest.h>

#include <string>

#include "shared/base/json.h"
#include "tests/unit/cli/program.h"

namespace coppice::cli {
namespace {

TEST(CoppiceTools, EveryWordAfterTheNameReachesIt) {
  const ProgramResult help = run_coppice("fetch imdb --help");
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_NE(help.out.find("Usage: coppice fetch imdb [OPTIONS]"), std::string::npos) << help.out;
  const size_t codes = help.out.find("Exit codes:");
  ASSERT_NE(codes, std::string::npos);
  EXPECT_EQ(help.out.find("Exit codes:", codes + 1), std::string::npos) << "said twice";

  const ScratchFolder folder;
  folder.write("catalog.json", "{\"schema_version\":1,\"models\":[]}");
  const ProgramResult check = run_coppice("catalog --json --check --models '" + folder.path().string() + "'");
  EXPECT_EQ(check.exit_code, 0) << check.err;
  EXPECT_EQ(Json::parse(check.out, nullptr, false)["models"].size(), 0U) << check.out;
}

TEST(CoppiceTools, ItsExitCodesAreOurs) {
  EXPECT_EQ(run_coppice("export --no-such-option").exit_code, 2);
  EXPECT_EQ(run_coppice("fetch").exit_code, 2);
  EXPECT_EQ(run_coppice("catalog --check --models /nonexistent").exit_code, 3);
}

TEST(CoppiceTools, MeasuresAServerByItsAddress) {
  const ScratchFolder folder;
  const std::string prompts = folder.write("prompts.txt", "A wonderful film.\n");
  const ProgramResult nothing = run_coppice("measure --json");
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_NE(nothing.err.find("--model is required"), std::string::npos) << nothing.err;
  EXPECT_EQ(run_coppice("measure --model x --rate 5").exit_code, 2);  // --rate is of --url
  const ProgramResult nobody =
      run_coppice("measure --url http://127.0.0.1:1/v1/classify --duration 1 --prompts '" + prompts + "'");
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_NE(nobody.err.find("coppice measure: request 1 before the load"), std::string::npos) << nobody.err;
}

TEST(CoppiceTools, SaysWhereItWasLookedFor) {
  ::setenv("COPPICE_TOOLS_PROGRAM", "/nonexistent/coppice-tools", 1);
  const ProgramResult result = run_coppice("fetch imdb");
  ::unsetenv("COPPICE_TOOLS_PROGRAM");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "coppice fetch: cannot run /nonexistent/coppice-tools: No such file or directory\n");
}

}  // namespace
}  // namespace coppice::cli
