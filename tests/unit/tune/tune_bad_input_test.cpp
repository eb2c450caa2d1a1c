// What `coppice tune` refuses, with its exit code and a message that says what to do.
#include <fcntl.h>
#include <sys/file.h>

#include "tests/unit/tune/sweep_fixture.h"

namespace coppice::cli {
namespace {

using TuneBadInput = SweepTest;

TEST_F(TuneBadInput, IsRefusedBeforeAnythingRuns) {
  folder_.write("unknown.json", R"({"learning_rte": [1e-4]})");
  folder_.write("empty.json", "{}");
  folder_.write("broken.json", "{");
  const std::string out = "--output " + at("out") + " ";
  struct Case {
    std::string arguments;
    int exit_code;
    std::string message;
  };
  for (const Case& one : std::vector<Case>{
           {"", 2, "nothing to try"},
           {"--learning-rate ''", 2, "no value"},
           {"--learning-rate 1e-4,,1e-5", 2, "an empty value"},
           {"--learning-rate 1e-3..1e-5 --method random --trials 2", 2, "does not rise"},
           {"--learning-rate 1e-5..1e-3", 2, "--method random"},
           {"--learning-rate 1e-5..1e-3 --method random", 2, "needs --trials"},
           {"--learning-rate 1e-4 --shard 4/3", 2, "\"4/3\": expected i/n"},
           {"--learning-rate 1e-4 --shards 3", 2, "needs an index"},
           {"--space " + at("unknown.json"), 3, "unknown axis \"learning_rte\"; there are learning_rate"},
           {"--space " + at("empty.json"), 2, "nothing to try"},
           {"--space " + at("broken.json"), 3, "broken.json"},
           {"--space " + at("missing.json"), 3, "missing.json"},
           {"--learning-rate 1e-4 --frobnicate 3", 2, "--frobnicate"},
           {"--learning-rate 1e-4 --truncation middle", 2, "--truncation"},
           {"--learning-rate 1e-4 --min-reviews 10", 2, "for --method halving"},
           {"--learning-rate 1e-4 --method halving --min-reviews 10 --rungs 2", 2, "give one of them"},
           {"--learning-rate 1e-4 --method halving --min-reviews 91", 2, "91 of 90 reviews"},
           {"--learning-rate 1e-4 --method annealing", 2, "--method"},
           {"--sparsity 0.5", 2, "--sparsity needs --prune-from"},
           {"--learning-rate 1e-4 --prune-from " + at("base"), 2, "--base MODEL, or --prune-from"},
           {"--learning-rate 1e-4 --resume", 3, "no sweep to resume"},
           {"--learning-rate 1e-4 --energy-budget -5", 2, "--energy-budget"},
       }) {
    const ProgramResult result = tune(out + one.arguments);
    EXPECT_EQ(result.exit_code, one.exit_code) << one.arguments << ": " << result.err;
    EXPECT_NE(result.err.find(one.message), std::string::npos) << one.arguments << ": " << result.err;
  }
  EXPECT_FALSE(exists("out"));
  EXPECT_TRUE(calls().empty());
}

TEST_F(TuneBadInput, InputsThatAreNotThereAreNamed) {
  const std::string rest = " --learning-rate 1e-4 --output " + at("out");
  const ProgramResult model = run_with("tune --base " + at("none") + " --data " + at("data") + rest);
  EXPECT_EQ(model.exit_code, 3);
  EXPECT_NE(model.err.find("no such model folder"), std::string::npos) << model.err;
  const ProgramResult weights = run_with("tune --base " + at("data") + " --data " + at("data") + rest);
  EXPECT_EQ(weights.exit_code, 3);
  EXPECT_NE(weights.err.find("neither model.safetensors nor"), std::string::npos) << weights.err;
  const ProgramResult data = run_with("tune --base " + at("base") + " --data " + at("none") + rest);
  EXPECT_EQ(data.exit_code, 3);
  EXPECT_NE(data.err.find("no such data"), std::string::npos) << data.err;
  EXPECT_FALSE(exists("out"));
}

TEST_F(TuneBadInput, TheFolderOfAnotherSweepIsLeftAlone) {
  const std::string options = " --learning-rate 1e-4 --output " + at("out");
  ASSERT_EQ(tune(options).exit_code, 0);
  const std::string before = file_content(folder_.path() / "out/sweep.json");
  for (const char* change :
       {"--batch-size 8", "--search-seed 2", "--validation-limit 10", "--method halving --rungs 1"}) {
    const ProgramResult other = tune(options + " " + change);
    EXPECT_EQ(other.exit_code, 2) << change;
    EXPECT_NE(other.err.find("holds another sweep"), std::string::npos) << other.err;
  }
  // Another base model is another sweep, whatever its name.
  std::string weights = file_content(folder_.path() / "base/model.safetensors");
  weights.back() = static_cast<char>(weights.back() ^ 1);
  folder_.write("base/model.safetensors", weights);
  EXPECT_EQ(tune(options).exit_code, 2);
  EXPECT_EQ(file_content(folder_.path() / "out/sweep.json"), before);
  // A folder with something else in it, and a file.
  EXPECT_EQ(tune(" --learning-rate 1e-4 --output " + at("data")).exit_code, 2);
  EXPECT_EQ(tune(" --learning-rate 1e-4 --output " + at("data/train.tsv")).exit_code, 2);
  EXPECT_EQ(calls().size(), 1U);
}

TEST_F(TuneBadInput, ScoresOnOtherReviewsAreNotCompared) {
  ASSERT_EQ(tune(" --learning-rate 1e-4,1e-5 --trials 1 --output " + at("out")).exit_code, 0);
  // The stand-in's hash of the validation reviews is that of the --data it was given.
  std::filesystem::copy(folder_.path() / "data", folder_.path() / "data2");
  const ProgramResult other = run_with("tune --base " + at("base") + " --data " + at("data2") +
                                       " --learning-rate 1e-4,1e-5 --output " + at("out"));
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_NE(other.err.find("trial 001 was validated on other reviews than trial 000"), std::string::npos) << other.err;
}

TEST_F(TuneBadInput, ATrialThatRunsElsewhereIsNotRunTwice) {
  std::filesystem::create_directories(folder_.path() / "out/trials/000");
  const std::string options = " --learning-rate 1e-4 --output " + at("out");
  std::filesystem::remove_all(folder_.path() / "out");
  ASSERT_EQ(tune(options + " --time-budget 0.0001").exit_code, 130);  // makes the sweep's folder
  std::filesystem::create_directories(folder_.path() / "out/trials/000");
  const int lock = ::open((folder_.path() / "out/trials/000/.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  const ProgramResult result = tune(options);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("another process is running trial 000"), std::string::npos) << result.err;
  ::close(lock);
  EXPECT_EQ(tune(options).exit_code, 0);
  EXPECT_EQ(calls().size(), 1U);
}

TEST_F(TuneBadInput, AnAlteredSweepFileIsRefused) {
  const std::string options = " --learning-rate 1e-4 --output " + at("out");
  ASSERT_EQ(tune(options).exit_code, 0);
  std::string bytes = file_content(folder_.path() / "out/sweep.json");
  bytes.replace(bytes.find("0.0001"), 6, "0.0002");
  folder_.write("out/sweep.json", bytes);
  const ProgramResult altered = tune(options);
  EXPECT_EQ(altered.exit_code, 3);
  EXPECT_NE(altered.err.find("altered"), std::string::npos) << altered.err;
  folder_.write("out/sweep.json", R"({"schema_version": 99})");
  EXPECT_EQ(tune(options).exit_code, 3);
  folder_.write("out/sweep.json", "{");
  EXPECT_EQ(tune(options).exit_code, 3);
}

}  // namespace
}  // namespace coppice::cli
