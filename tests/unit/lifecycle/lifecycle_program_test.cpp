// `coppice lifecycle` as people run it, over a stand-in for coppice-torch (fake_torch.cpp). tests/lifecycle has the
// real one.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "shared/base/json.h"
#include "tests/unit/cli/program.h"

namespace coppice::cli {
namespace {

namespace fs = std::filesystem;

class LifecycleProgram : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_.path() / "base");
    fs::create_directories(folder_.path() / "data");
    for (const char* name : {"config.json", "model.safetensors"})
      fs::copy(std::string("tests/golden/tiny_bert/") + name, folder_.path() / "base" / name);
    std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
    for (int i = 5; i < 40; ++i) vocabulary += "w" + std::to_string(i) + "\n";
    folder_.write("base/vocab.txt", vocabulary);
    for (const auto& [split, count] : {std::pair{"train", 8}, {"validation", 4}, {"test", 4}}) {
      std::string lines;
      for (int i = 0; i < count; ++i) lines += std::to_string(i % 2) + "\tw7 w8 " + split + std::to_string(i) + "\n";
      folder_.write(std::string("data/") + split + ".tsv", lines);
    }
    folder_.write("prompts.txt", "w7 w9\n");
    config_ = {{"schema_version", 1},
               {"name", "made"},
               {"max_length", 16},
               {"linear", false},
               {"report", false},
               {"data", {{"path", path("data")}}},
               {"base", {{"path", path("base")}}},
               {"baseline", {{"learning_rate", 1e-3}}},
               {"pruning", Json::array({{{"id", "cut"}, {"method", "structured"}, {"recovery", {{"epochs", 1}}}}})},
               {"probe", {{"reviews", 8}}}};
  }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  // `stop_at`: a file that, once it is there, makes the test send SIGTERM.
  [[nodiscard]] ProgramResult run(const std::string& options = "", const std::string& wishes = "",
                                  const std::string& stop_at = "") const {
    folder_.write("config.json", dump_json(config_, 1));
    const std::string call = "env COPPICE_TORCH_PROGRAM='" FAKE_TORCH "' FAKE_TORCH_LOG='" + path("calls") +
                             "' FAKE_TORCH='" + wishes + "' '" COPPICE_PROGRAM "' lifecycle --config '" +
                             path("config.json") + "' --output '" + path("run") + "' " + options;
    if (stop_at.empty()) return run_shell(call);
    return run_shell(call + " & pid=$!; until [ -e '" + path(stop_at) +
                     "' ] || ! kill -0 $pid; do sleep 0.05; done; kill -TERM $pid; wait $pid");
  }

  [[nodiscard]] Json journal() const {
    const std::string file = path("run/lifecycle.json");
    Result<Json> json = parse_json(file_content(file), file);
    EXPECT_TRUE(json.ok()) << json.status().message();
    return json.ok() ? *json : Json::object();
  }
  [[nodiscard]] Json step(const std::string& id) const {
    const Json document = journal();
    for (const Json& one : document["steps"])
      if (one["id"] == id) return one;
    ADD_FAILURE() << "no step " << id;
    return Json::object();
  }
  [[nodiscard]] std::vector<std::string> calls() const {
    std::istringstream lines(file_content(path("calls")));
    std::vector<std::string> found;
    for (std::string line; std::getline(lines, line);) found.push_back(line);
    return found;
  }
  // Calls of a command whose words contain a part, outside the probe.
  [[nodiscard]] size_t count(const std::string& command, const std::string& part) const {
    const std::vector<std::string> all = calls();
    return static_cast<size_t>(std::count_if(all.begin(), all.end(), [&](const std::string& call) {
      return call.rfind(command + " ", 0) == 0 && call.find(part) != std::string::npos &&
             call.find("/probe/") == std::string::npos;
    }));
  }

  Json config_;
  ScratchFolder folder_;
};

TEST_F(LifecycleProgram, RunsEachStepOnceAndThenNone) {
  const ProgramResult first = run("--json");
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const Json document = *parse_json(first.out, "out");
  EXPECT_EQ(document["outcome"], "finished");
  EXPECT_EQ(document, journal());
  std::vector<std::string> ids;
  for (const Json& one : document["steps"]) {
    ids.push_back(one["id"]);
    EXPECT_EQ(one["state"], "finished") << one["id"];
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"data", "probe", "dense", "evaluate-dense", "prune-cut",
                                           "evaluate-cut-pruned", "recover-cut", "evaluate-cut", "compare"}));
  EXPECT_EQ(count("train", "models/dense"), 2U);  // itself, and as the teacher of its cut
  EXPECT_EQ(count("train", "--teacher"), 1U);
  EXPECT_EQ(document["data"]["splits"]["train"]["reviews"], 8);
  EXPECT_FALSE(document["base"]["fine_tuned"].get<bool>());
  EXPECT_NE(first.err.find("the plan:"), std::string::npos);
  EXPECT_NE(first.err.find("against the prediction"), std::string::npos);
  EXPECT_TRUE(fs::exists(path("run/logs/recover-cut.log")));
  EXPECT_FALSE(fs::exists(path("run/probe")));

  const size_t before = calls().size();
  const ProgramResult again = run("--resume");
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(calls().size(), before);
  const Json after = journal();
  for (const Json& one : after["steps"]) EXPECT_TRUE(one.value("skipped", false)) << one["id"];
  EXPECT_EQ(journal()["run_id"], document["run_id"]);
}

TEST_F(LifecycleProgram, DryRunWritesNothing) {
  const ProgramResult result = run("--dry-run");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("recover-cut"), std::string::npos) << result.out;
  EXPECT_FALSE(fs::exists(path("run")));
  EXPECT_TRUE(calls().empty());
  EXPECT_EQ(run("--resume").exit_code, 3);
}

TEST_F(LifecycleProgram, AStepThatFailsStopsItAndIsTriedAgain) {
  const ProgramResult failed = run("", "fail=models/cut-pruned");
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_NE(failed.err.find("prune-cut: coppice prune: no such plan"), std::string::npos) << failed.err;
  EXPECT_NE(failed.err.find("the same command goes on"), std::string::npos) << failed.err;
  EXPECT_EQ(journal()["outcome"], "failed");
  EXPECT_EQ(step("prune-cut")["state"], "failed");
  EXPECT_EQ(step("dense")["state"], "finished");
  const ProgramResult result = run();
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(step("prune-cut")["attempts"].size(), 2U);
  EXPECT_EQ(step("dense")["attempts"].size(), 1U);
}

TEST_F(LifecycleProgram, AProgramThatIsKilledHalfWayIsBegunAnew) {
  const ProgramResult killed = run("", "die=/run/models/dense");
  EXPECT_EQ(killed.exit_code, 1);
  EXPECT_NE(killed.err.find("signal 9"), std::string::npos) << killed.err;
  ASSERT_EQ(run().exit_code, 0);
  EXPECT_EQ(file_content(path("run/models/dense/model.safetensors")), file_content(path("base/model.safetensors")));
}

TEST_F(LifecycleProgram, StopsAtACheckpointAndGoesOnThere) {
  const ProgramResult stopped =
      run("", "hang=/run/models/dense", "run/models/dense/checkpoints/checkpoint.safetensors");
  ASSERT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_EQ(journal()["outcome"], "interrupted");
  EXPECT_EQ(step("dense")["state"], "interrupted");
  EXPECT_EQ(step("dense")["records"].size(), 1U);
  ASSERT_EQ(run().exit_code, 0);
  EXPECT_EQ(count("train", "--resume"), 1U);
  EXPECT_EQ(step("dense")["records"].size(), 2U);
  // It is in no comparison with the prediction: a part of it ran before.
  const Json compared = journal()["prediction"]["result"]["steps"];
  EXPECT_EQ(std::count(compared.begin(), compared.end(), "dense"), 0);
}

TEST_F(LifecycleProgram, OnlyWhatReadsAChangeRunsAgain) {
  ASSERT_EQ(run().exit_code, 0);
  const size_t trained = count("train", "");
  folder_.write("data/test.tsv", "0\tother w7\n1\tw8 other\n0\tw9\n1\tw10\n");
  const ProgramResult result = run();
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(count("train", ""), trained);
  EXPECT_EQ(count("evaluate", ""), 6U);
  EXPECT_NE(result.err.find("its inputs changed"), std::string::npos) << result.err;
  EXPECT_EQ(step("evaluate-dense")["superseded_records"].size(), 1U);
  EXPECT_TRUE(step("prune-cut").value("skipped", false));
}

TEST_F(LifecycleProgram, TuningsBestBecomesTheDenseModelIfItIsBetter) {
  config_["tuning"] = {{"learning_rate", {2e-3}}};
  const ProgramResult result = run();
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("dense: the search's best (75.00 %"), std::string::npos) << result.err;
  EXPECT_TRUE(fs::exists(path("run/models/dense/manifest.json")));
  const Json manifest = *parse_json(file_content(path("run/models/dense/manifest.json")), "manifest");
  EXPECT_EQ(manifest["id"], "dense");
  config_["tuning"]["learning_rate"] = {5e-3};
  const ProgramResult other = run();
  ASSERT_EQ(other.exit_code, 0) << other.err;
  EXPECT_NE(other.err.find("dense: the baseline (50.00 %"), std::string::npos) << other.err;
}

TEST_F(LifecycleProgram, EnergyThatIsNotKnownIsAbsent) {
  const ProgramResult result = run("", "no-energy");
  // The probe's rates need times, which records without energy do not have.
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("left no times"), std::string::npos) << result.err;
}

TEST_F(LifecycleProgram, ABaseThatCannotBeFetchedIsReplacedWhereThatWasAllowed) {
  config_["base"] = {{"fetch", "made/up"}, {"from", path("nowhere")}};
  const ProgramResult refused = run();
  EXPECT_EQ(refused.exit_code, 1) << refused.err;
  EXPECT_NE(refused.err.find("fetch-base"), std::string::npos) << refused.err;
  config_["base"]["otherwise"] = path("base");
  const ProgramResult result = run();
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("stands in for it"), std::string::npos) << result.err;
  EXPECT_EQ(journal()["base"]["path"], path("base"));
  EXPECT_NE(journal()["base"]["note"].get<std::string>().find("could not be fetched"), std::string::npos);
  const size_t before = calls().size();
  ASSERT_EQ(run().exit_code, 0);
  EXPECT_EQ(calls().size(), before);
}

TEST_F(LifecycleProgram, RefusesFoldersOfOthersAndJournalsItCannotRead) {
  fs::create_directories(path("run"));
  folder_.write("run/letter.txt", "dear");
  EXPECT_EQ(run().exit_code, 2);
  fs::remove(path("run/letter.txt"));
  for (const char* content : {"", "{", "[]", "{\"schema_version\": 1}", "{\"schema_version\": 9, \"steps\": []}",
                              "{\"schema_version\": 1, \"run_id\": \"a\", \"started_at\": \"b\", \"outcome\": \"c\", "
                              "\"steps\": [{\"id\": \"data\", \"state\": \"odd\"}]}"}) {
    folder_.write("run/lifecycle.json", content);
    const ProgramResult result = run();
    EXPECT_EQ(result.exit_code, 3) << content << ": " << result.err;
    EXPECT_NE(result.err.find("nothing was changed"), std::string::npos) << content;
    EXPECT_EQ(file_content(path("run/lifecycle.json")), content);
  }
  EXPECT_TRUE(calls().empty());
}

}  // namespace
}  // namespace coppice::cli
