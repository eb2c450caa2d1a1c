// `coppice records` as people run it, over the records in this repository and broken ones.
#include <sys/resource.h>

#include <map>
#include <set>
#include <sstream>

#include "shared/base/json.h"
#include "tests/unit/cli/program.h"

namespace coppice::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTrain = "models/linear-ngrams/runs/train-20261124T145301Z-1adbd824.json";

std::vector<Json> lines_of(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    Result<Json> json = parse_json(line, "line");
    EXPECT_TRUE(json.ok()) << line;
    if (json) lines.push_back(*json);
  }
  return lines;
}

class Records : public testing::Test {
 protected:
  // A record like the one of kTrain, changed.
  void write(const std::string& name, const std::string& run_id, const Json& changes = Json::object()) const {
    Json record = *parse_json(file_content(kTrain), kTrain);
    record["run_id"] = run_id;
    record.merge_patch(changes);
    fs::create_directories((folder_.path() / name).parent_path());
    folder_.write(name, dump_json(record, 1) + "\n");
  }
  [[nodiscard]] std::string at(const std::string& name = "") const {
    return "'" + (folder_.path() / name).string() + "'";
  }
  ScratchFolder folder_;
};

TEST_F(Records, ListsWhatIsBelowAFolderOldestFirst) {
  const ProgramResult result = run_coppice("records models --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  const std::vector<Json> lines = lines_of(result.out);
  // A model in another format carries its parent's records: the same content, listed once. Those of models measured in
  // turns have one name and are each its own.
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator("models"))
    if (entry.path().parent_path().filename() == "runs") files.insert(file_content(entry.path().string()));
  EXPECT_GT(files.size(), 10U);
  EXPECT_EQ(lines.size(), files.size());
  std::set<std::string> models;
  for (size_t i = 1; i < lines.size(); ++i)
    EXPECT_LE(lines[i - 1]["started_at"].get<std::string>(), lines[i]["started_at"].get<std::string>());
  for (const Json& line : lines) {
    models.insert(line["found"]["model"].get<std::string>());
    const Json file = *parse_json(file_content(line["found"]["path"].get<std::string>()), "file");
    for (const auto& [key, value] : file.items()) EXPECT_EQ(line[key], value) << key;
  }
  EXPECT_EQ(models.count("linear-ngrams"), 1U);
  EXPECT_EQ(models.count("minilm-l6-imdb"), 1U);

  const ProgramResult table =
      run_coppice("records models/linear-ngrams docs/records/sweep-minilm-l6-imdb " + std::string(kTrain));
  ASSERT_EQ(table.exit_code, 0) << table.err;
  EXPECT_NE(table.out.find("accuracy 91.28 % (90.93 to 91.63)"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("all of AMD EPYC, 2 threads"), std::string::npos) << table.out;
}

TEST_F(Records, Filters) {
  write("runs/a.json", "aaaaaaaa1", {{"started_at", "2026-11-01T23:59:59Z"}});
  write("runs/b.json", "bbbbbbbb2", {{"started_at", "2026-11-02T00:00:00Z"}, {"kind", "prune"}});
  write("runs/c.json", "cccccccc3",
        {{"started_at", "2026-11-02T23:59:59Z"},
         {"outcome", "failed"},
         {"error", "no"},
         {"settings", {{"model_id", "x"}}}});
  write("runs/d.json", "dddddddd4",
        {{"started_at", "2026-11-03T00:00:00Z"}, {"machine", {{"cpu_model", "Other CPU"}, {"hardware_threads", 8}}}});
  const auto ids = [&](const std::string& options) {
    const ProgramResult result = run_coppice("records " + at() + " --json " + options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::string found;
    for (const Json& line : lines_of(result.out)) found += line["run_id"].get<std::string>().back();
    return found;
  };
  EXPECT_EQ(ids(""), "1234");
  EXPECT_EQ(ids("--date 2026-11-02"), "23");
  EXPECT_EQ(ids("--since 2026-11-02T00:00:01Z"), "34");
  EXPECT_EQ(ids("--until 2026-11-01"), "1");
  EXPECT_EQ(ids("--until 2026-11-02T23:59:59Z"), "12");
  EXPECT_EQ(ids("--step prune,evaluate"), "2");
  EXPECT_EQ(ids("--status failed"), "3");
  EXPECT_EQ(ids("--model x"), "3");
  EXPECT_EQ(ids("--machine 'other cpu'"), "4");
  EXPECT_EQ(ids("--machine epyc"), "123");
  const ProgramResult table = run_coppice("records " + at());
  EXPECT_NE(table.out.find("4 records of 2 machines"), std::string::npos) << table.out;
  for (const char* wrong :
       {"--date 2026-13-01", "--since yesterday", "--status done", "--date 2026-11-02 --since 2026-11-01"})
    EXPECT_EQ(run_coppice("records " + at() + " " + wrong).exit_code, 2) << wrong;
}

TEST_F(Records, WhatCannotBeUsedIsSetApartAndNamed) {
  write("m/runs/good.json", "aaaaaaaaaa");
  const std::string whole = file_content(kTrain);
  folder_.write("m/runs/cut.json", whole.substr(0, whole.size() / 2));
  folder_.write("m/runs/empty.json", "");
  folder_.write("m/runs/zeros.json", "{\"schema_version\": 1" + std::string(200, '\0'));
  folder_.write("m/runs/text.json", "not a record at all");
  folder_.write("m/runs/list.json", "[1, 2]");
  folder_.write("m/runs/deep.json", std::string(100000, '['));
  folder_.write("m/runs/.train.json.tmp", "{");  // another process is writing it
  write("m/runs/newer.json", "bbbbbbbbbb", {{"schema_version", 2}});
  write("m/runs/nameless.json", "not hexadecimal");
  write("m/runs/lies.json", "cccccccccc", {{"error", "it failed"}});
  write("m/runs/twice.json", "dddddddddd");
  write("n/runs/twice.json", "dddddddddd", {{"duration_seconds", 1e6}});
  fs::create_directories(folder_.path() / "m/runs/folder.json");
  const ProgramResult result = run_coppice("records " + at() + " --json");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::vector<Json> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["run_id"], "aaaaaaaaaa");

  const ProgramResult problems = run_coppice("records " + at() + " --problems --json");
  EXPECT_EQ(problems.exit_code, 0) << problems.err;
  std::map<std::string, std::string> of;
  for (const Json& line : lines_of(problems.out)) {
    const fs::path path = line["path"].get<std::string>();
    of[fs::relative(path, folder_.path()).string()] = line["problem"];
    EXPECT_NE(line["message"].get<std::string>().find(path.string()), std::string::npos);
    EXPECT_NE(result.err.find(line["message"].get<std::string>()), std::string::npos);
  }
  const std::map<std::string, std::string> expected = {
      {"m/runs/cut.json", "half_written"},    {"m/runs/empty.json", "half_written"},
      {"m/runs/zeros.json", "half_written"},  {"m/runs/text.json", "not_a_record"},
      {"m/runs/list.json", "not_a_record"},   {"m/runs/deep.json", "not_a_record"},
      {"m/runs/newer.json", "other_version"}, {"m/runs/nameless.json", "not_a_record"},
      {"m/runs/lies.json", "contradictory"},  {"m/runs/twice.json", "contradictory"},
      {"n/runs/twice.json", "contradictory"}};
  EXPECT_EQ(of, expected);

  EXPECT_EQ(run_coppice("records " + at() + " --strict").exit_code, 3);
  EXPECT_EQ(run_coppice("records " + at("m/runs/newer.json")).exit_code, 3);
  EXPECT_EQ(run_coppice("records " + at("m/runs/good.json") + " " + at("m/runs/cut.json")).exit_code, 3);
  EXPECT_EQ(run_coppice("records " + at("nowhere")).exit_code, 3);
  fs::create_directories(folder_.path() / "bare");
  const ProgramResult bare = run_coppice("records " + at("bare"));
  EXPECT_EQ(bare.exit_code, 3);
  EXPECT_NE(bare.err.find("holds no run record"), std::string::npos);
  EXPECT_EQ(run_coppice("records").exit_code, 2);
}

TEST_F(Records, ARunCountsOnceWhereverItsCopiesLie) {
  fs::create_directories(folder_.path() / "runs");
  fs::copy_file(kTrain, folder_.path() / "runs" / fs::path(kTrain).filename());
  const ProgramResult result =
      run_coppice("records " + at() + " models/linear-ngrams " + kTrain + " --step train --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<Json> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["found"]["path"], kTrain);  // the one beside its model
  EXPECT_EQ(lines[0]["found"]["copies"].size(), 1U);
}

TEST_F(Records, MergesFoldersOnceAndNeverOverOtherContent) {
  write("a/runs/x.json", "aaaaaaaaaa");
  write("b/runs/y.json", "bbbbbbbbbb");
  const std::string merge = "records " + at("a") + " " + at("b") + " --merge " + at("all") + " --json";
  const ProgramResult first = run_coppice(merge);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ((*parse_json(first.out, "out"))["written"].size(), 2U);
  const std::string name = "all/runs/train-20261124T145301Z-aaaaaaaa.json";
  EXPECT_EQ(file_content(folder_.path() / name), file_content(folder_.path() / "a/runs/x.json"));
  const ProgramResult again = run_coppice(merge);
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ((*parse_json(again.out, "out"))["already_there"].size(), 2U);

  const std::string kept = file_content(folder_.path() / "a/runs/x.json");
  folder_.write(name, kept + " ");
  write("c/runs/z.json", "cccccccccc");
  const ProgramResult clash = run_coppice("records " + at("c") + " " + at("a") + " --merge " + at("all"));
  EXPECT_EQ(clash.exit_code, 3);
  EXPECT_NE(clash.err.find("nothing was merged"), std::string::npos) << clash.err;
  EXPECT_EQ(file_content(folder_.path() / name), kept + " ");
  EXPECT_FALSE(fs::exists(folder_.path() / "all/runs/train-20261124T145301Z-cccccccc.json"));
}

// `coppice measure` over several models writes a record each, all with the run's id.
TEST_F(Records, ModelsMeasuredInOneRunAreRecordsOfTheirOwn) {
  write("a/runs/x.json", "aaaaaaaaaa", {{"kind", "measure"}, {"results", {{"model", "one"}}}});
  write("b/runs/x.json", "aaaaaaaaaa", {{"kind", "measure"}, {"results", {{"model", "two"}}}});
  const ProgramResult list = run_coppice("records " + at() + " --json");
  EXPECT_EQ(lines_of(list.out).size(), 2U) << list.err;
  const ProgramResult result = run_coppice("records " + at() + " --merge " + at("all"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(fs::exists(folder_.path() / "all/runs/measure-20261124T145301Z-aaaaaaaa-one.json"));
  EXPECT_TRUE(fs::exists(folder_.path() / "all/runs/measure-20261124T145301Z-aaaaaaaa-two.json"));
  const ProgramResult again = run_coppice("records " + at() + " --json");
  EXPECT_EQ(lines_of(again.out).size(), 2U) << again.err;
}

TEST_F(Records, DiffByIdOrPath) {
  write("runs/x.json", "aaaaaaaaaa");
  write("runs/y.json", "aaaabbbbbb", {{"settings", {{"penalty", 9.0}}}, {"machine", {{"hardware_threads", 64}}}});
  const ProgramResult result = run_coppice("records " + at() + " --diff aaaaa aaaab --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json diff = *parse_json(result.out, "out");
  EXPECT_FALSE(diff["same_machine"].get<bool>());
  ASSERT_EQ(diff["differences"].size(), 1U) << result.out;
  EXPECT_EQ(diff["differences"][0]["path"], "settings.penalty");
  const ProgramResult text = run_coppice("records --diff " + at("runs/x.json") + " " + kTrain);
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_NE(text.out.find("0 values differ"), std::string::npos) << text.out;
  EXPECT_EQ(run_coppice("records " + at() + " --diff aaaa aaaab").exit_code, 2);  // which of the two?
  EXPECT_EQ(run_coppice("records " + at() + " --diff 0000 aaaab").exit_code, 3);
}

TEST_F(Records, CsvHasUnitsAndLeavesOutWhatIsNotKnown) {
  write("runs/x.json", "aaaaaaaaaa", {{"settings", {{"model_id", "=HYPERLINK(\"x\")"}}}});
  Json plain = *parse_json(file_content(kTrain), kTrain);
  plain["run_id"] = "bbbbbbbbbb";
  plain["started_at"] = "2026-12-01T00:00:00Z";
  plain.erase("energy");
  folder_.write("runs/y.json", dump_json(plain));
  const ProgramResult result = run_coppice("records " + at() + " --csv");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::istringstream in(result.out);
  std::string header;
  std::string first;
  std::string second;
  std::getline(in, header);
  std::getline(in, first);
  std::getline(in, second);
  EXPECT_EQ(header.find("run_id,kind,model,started_at,outcome,duration_seconds,cpu_time_seconds,energy_joules,"), 0U);
  EXPECT_NE(first.find("\"'=HYPERLINK("), std::string::npos) << first;
  EXPECT_NE(second.find("finished," + dump_json(plain["duration_seconds"]) + ",,,,"), std::string::npos) << second;
}

TEST_F(Records, AThousandAreReadInWellUnderASecond) {
  const std::string content = file_content(kTrain);
  const size_t at_id = content.find("1adbd824");
  ASSERT_NE(at_id, std::string::npos);
  fs::create_directories(folder_.path() / "runs");
  for (int i = 0; i < 1000; ++i) {
    std::string copy = content;
    char digits[9];
    std::snprintf(digits, sizeof digits, "%08x", i);
    folder_.write("runs/" + std::to_string(i) + ".json", copy.replace(at_id, 8, digits));
  }
  // The program's own time: what a busy machine adds is not it.
  const auto used = [] {
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  };
  const double before = used();
  const ProgramResult result = run_coppice("records " + at());
  const double seconds = used() - before;
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("1000 records"), std::string::npos);
#ifdef NDEBUG
  EXPECT_LT(seconds, 0.5);
#else
  EXPECT_LT(seconds, 15.0);  // under sanitizers and without optimisation
#endif
}

}  // namespace
}  // namespace coppice::cli
