// coppice track and coppice detect as scripts run them. No test reads this machine's own counters: what a figure is
// depends on it, that there is one with its provenance does not.
#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <sstream>
#include <vector>

#include "shared/base/json.h"
#include "tests/unit/cli/program.h"

namespace coppice::cli {
namespace {

namespace fs = std::filesystem;

const std::string kCoppice = "'" COPPICE_PROGRAM "' ";

Json parse(const std::string& text) {
  const Result<Json> json = parse_json(text, "standard output");
  EXPECT_TRUE(json.ok()) << json.status().message() << "\n" << text;
  return json.ok() ? *json : Json::object();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Cells without quotes in them, by column.
std::map<std::string, std::string> row_of(const std::string& header, const std::string& row) {
  const auto split = [](const std::string& line) {
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        cells.emplace_back();
      } else {
        cells.back() += c;
      }
    }
    return cells;
  };
  const auto names = split(header);
  const auto cells = split(row);
  EXPECT_EQ(names.size(), 38U);
  EXPECT_EQ(cells.size(), names.size()) << row;
  std::map<std::string, std::string> by_name;
  for (size_t i = 0; i < names.size() && i < cells.size(); ++i) by_name[names[i]] = cells[i];
  return by_name;
}

class Track : public ProgramTest {
 protected:
  // Settings of whoever runs the tests are kept out.
  [[nodiscard]] std::string track(const std::string& arguments) const {
    return "cd '" + folder_.path().string() + "' && HOME=" + at("") + " " + kCoppice + "track --output log " +
           arguments;
  }
  [[nodiscard]] std::vector<fs::path> records() const {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator entry(folder_.path() / "log" / "runs", error), end; !error && entry != end;
         entry.increment(error)) {
      found.push_back(entry->path());
    }
    return found;
  }
  [[nodiscard]] Json record() const {
    const auto found = records();
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? Json::object() : parse(file_content(found[0]));
  }
  [[nodiscard]] std::vector<std::string> csv() const {
    return lines_of(file_content(folder_.path() / "log/emissions.csv"));
  }
};

TEST_F(Track, ASleepIsRecordedWithItsEnergyAndCarbon) {
  const ProgramResult result = run_shell(track("--country FRA --project nap --json -- sleep 1"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json answer = parse(result.out);
  EXPECT_EQ(answer["exit_code"], 0);
  const Json& energy = answer["energy"];
  EXPECT_GE(energy["duration_seconds"].get<double>(), 1.0);
  EXPECT_LT(energy["duration_seconds"].get<double>(), 30.0);
  const Json& joules = energy["energy_joules"];
  EXPECT_GE(joules["value"].get<double>(), 0.0);
  EXPECT_LE(joules["low"].get<double>(), joules["value"].get<double>());
  EXPECT_GE(joules["high"].get<double>(), joules["value"].get<double>());
  for (const char* field : {"provenance", "method"}) EXPECT_FALSE(joules[field].get<std::string>().empty());
  EXPECT_TRUE(energy.contains("carbon_grams_co2e"));

  const Json stored = record();
  EXPECT_EQ(stored["kind"], "track");
  EXPECT_EQ(dump_json(stored["command"]),
            R"(["coppice","track","--output","log","--country","FRA","--project","nap","--json","--","sleep","1"])");
  EXPECT_EQ(stored["run_id"], answer["run_id"]);
  EXPECT_EQ(stored["energy"]["energy_joules"], joules);
  EXPECT_EQ(stored["results"]["exit_code"], 0);
  EXPECT_EQ(stored["settings"]["scope"], "process");
  EXPECT_TRUE(fs::exists(folder_.path() / answer["record"].get<std::string>()));

  ASSERT_EQ(csv().size(), 2U);
  const auto row = row_of(csv()[0], csv()[1]);
  EXPECT_EQ(row.at("project_name"), "nap");
  EXPECT_EQ(row.at("country_iso_code"), "FRA");
  EXPECT_EQ(row.at("country_name"), "France");
  EXPECT_EQ(row.at("tracking_mode"), "process");
  EXPECT_EQ(row.at("run_id"), answer["run_id"].get<std::string>());
  EXPECT_NEAR(std::stod(row.at("duration")), energy["duration_seconds"].get<double>(), 1e-9);
  EXPECT_NEAR(std::stod(row.at("energy_consumed")) * 3.6e6, joules["value"].get<double>(), 1e-9);
  EXPECT_NEAR(std::stod(row.at("emissions")) * 1000, energy["carbon_grams_co2e"]["value"].get<double>(), 1e-12);
}

TEST_F(Track, WhatIsReadAndWhyIsToldAtTheStart) {
  const ProgramResult result = run_shell(track("-- true"));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.err.find("coppice track: cpu: "), std::string::npos) << result.err;
  EXPECT_EQ(run_shell(track("--quiet -- true")).err, "");
}

TEST_F(Track, TheCommandsExitCodeInputAndOutputPassThrough) {
  EXPECT_EQ(run_shell(track("--quiet -- sh -c 'exit 37'")).exit_code, 37);
  EXPECT_EQ(record()["outcome"], "failed");  // written on failure too
  const ProgramResult copied = run_shell(track("--quiet -- cat"), "some input\n");
  EXPECT_EQ(copied.out, "some input\n");
  // With --json, standard output belongs to the document.
  const ProgramResult json = run_shell(track("--quiet --json -- echo hello"));
  EXPECT_EQ(parse(json.out)["exit_code"], 0);
  EXPECT_EQ(json.err, "hello\n");
  EXPECT_EQ(csv().size(), 4U);
}

TEST_F(Track, ACommandThatCannotBeStartedIs127AndIsRecorded) {
  const ProgramResult result = run_shell(track("-- /nonexistent/program"));
  EXPECT_EQ(result.exit_code, 127);
  EXPECT_NE(result.err.find("cannot be started"), std::string::npos);
  EXPECT_EQ(record()["results"]["exit_code"], 127);
  EXPECT_EQ(csv().size(), 2U);
}

TEST_F(Track, ASignalThatEndsTheCommandIsToldAndRecorded) {
  EXPECT_EQ(run_shell(track("--quiet -- sh -c 'kill -9 $$'")).exit_code, 137);
  EXPECT_EQ(record()["results"]["signal"], SIGKILL);
}

TEST_F(Track, ASignalToTheTrackerIsPassedOnAndTheRunIsRecorded) {
  // The command says when it is there and who tracks it; then that one is asked to stop.
  const ProgramResult result =
      run_shell("{ " + track("--quiet -- sh -c 'echo $PPID >started; exec sleep 600'") + " & }; i=0; while [ ! -s " +
                at("started") + " ] && [ $i -lt 300 ]; do sleep 0.1; i=$((i+1)); done; kill -TERM $(cat " +
                at("started") + "); wait $!");
  EXPECT_EQ(result.exit_code, 143) << result.err;
  EXPECT_EQ(record()["outcome"], "interrupted");
  EXPECT_EQ(record()["results"]["signal"], SIGTERM);
  EXPECT_EQ(csv().size(), 2U);
}

TEST_F(Track, PrometheusFileIsThereWhileItRunsAndAtTheEnd) {
  const ProgramResult result = run_shell(
      track("--quiet --country FRA --project p --prometheus log/coppice.prom -- sh -c 'sleep 2.5; cp log/coppice.prom "
            "log/during.prom'"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto value_of = [&](const std::string& file, const std::string& metric) {
    for (const std::string& line : lines_of(file_content(folder_.path() / "log" / file))) {
      if (line.compare(0, metric.size() + 1, metric + "{") == 0) return std::stod(line.substr(line.rfind(' ')));
    }
    ADD_FAILURE() << file << ": no " << metric;
    return -1.0;
  };
  EXPECT_GT(value_of("during.prom", "coppice_duration_seconds"), 0.9);
  EXPECT_GE(value_of("coppice.prom", "coppice_duration_seconds"), 2.5);
  EXPECT_GE(value_of("coppice.prom", "coppice_energy_joules"), value_of("coppice.prom", "coppice_energy_low_joules"));
  EXPECT_GE(value_of("coppice.prom", "coppice_carbon_grams_co2e"), 0.0);
  // No half-written file is left beside it.
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder_.path() / "log")) files += entry.is_regular_file() ? 1 : 0;
  EXPECT_EQ(files, 3U);
}

TEST_F(Track, SeveralTrackersAppendToOneFile) {
  const ProgramResult result =
      run_shell("for i in 1 2 3 4 5; do " + track("--quiet -- true") + "; done & for i in 1 2 3 4 5; do " +
                track("--quiet -- true") + "; done; wait");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(csv().size(), 11U);
  EXPECT_EQ(records().size(), 10U);
  for (size_t i = 1; i < csv().size(); ++i) EXPECT_EQ(row_of(csv()[0], csv()[i]).size(), 38U);
}

TEST_F(Track, AFullDiskTakesNeitherTheExitCodeNorEarlierRows) {
  ASSERT_EQ(run_shell(track("--quiet -- true")).exit_code, 0);
  const std::string before = file_content(folder_.path() / "log/emissions.csv");
  // The command may write nothing longer than 512 bytes either way.
  const ProgramResult result = run_shell("trap '' XFSZ; ulimit -f 1; " + track("--quiet -- sh -c 'exit 5'"));
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_NE(result.err.find("not recorded"), std::string::npos) << result.err;
  EXPECT_EQ(file_content(folder_.path() / "log/emissions.csv"), before);
}

TEST_F(Track, ACgroupIsChargedWhileTheCommandRuns) {
  folder_.write("cpu.stat", "usage_usec 1000000\nuser_usec 1\n");
  folder_.write("memory.current", "1048576\n");
  const ProgramResult result = run_shell(track("--quiet --json --cgroup " + at("") +
                                               " -- sh -c 'sleep 0.2; echo usage_usec 4000000 >cpu.stat; sleep 0.2'"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json energy = parse(result.out)["energy"];
  EXPECT_EQ(energy["scope"], "container");
  EXPECT_NEAR(energy["cpu_time_seconds"].get<double>(), 3.0, 1e-6);
  EXPECT_NEAR(energy["peak_resident_bytes"].get<double>(), 1048576, 1e-6);
  EXPECT_EQ(record()["settings"]["scope"], "container");
  EXPECT_TRUE(record()["settings"].contains("cgroup"));
}

TEST_F(Track, WrongUsageRunsNothing) {
  for (const char* wrong : {"", "--scope planet -- touch ran", "--cgroup / --scope machine -- touch ran",
                            "--pue 0.5 -- touch ran", "--tdp -1 -- touch ran", "--period 0 -- touch ran"}) {
    const ProgramResult result = run_shell(track(wrong));
    EXPECT_EQ(result.exit_code, 2) << wrong << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err, "");
  }
  EXPECT_NE(run_shell(track("--country FRX -- touch ran")).exit_code, 0);
  const ProgramResult cgroup = run_shell(track("--cgroup /nonexistent -- touch ran"));
  EXPECT_NE(cgroup.exit_code, 0);
  EXPECT_NE(cgroup.err.find("/nonexistent/cpu.stat"), std::string::npos) << cgroup.err;
  EXPECT_FALSE(fs::exists(folder_.path() / "ran"));
}

// A machine with NVIDIA GPUs: the library of tests/unit/energy/fake_nvml.cpp is found as the real one would be.
class TrackWithGpus : public Track {
 protected:
  void SetUp() override {
    folder_.write("nvml",
                  "count 2\n0.name NVIDIA A100\n0.uuid GPU-1\n0.energy_rate 200000\n0.power 200000\n0.utilization 50\n"
                  "1.name NVIDIA A100\n1.energy_rate 50000\n1.power 50000\n");
    prefix_ = "export LD_LIBRARY_PATH='" FAKE_NVML_FOLDER "' COPPICE_FAKE_NVML=" + at("nvml") + "; ";
  }
  std::string prefix_;
};

TEST_F(TrackWithGpus, TheyArePartOfTotalRecordAndCsv) {
  const ProgramResult result = run_shell(prefix_ + track("--scope machine --json -- sleep 1"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("gpu: NVML GPU 0 NVIDIA A100 by its energy counter, GPU 1"), std::string::npos)
      << result.err;
  const Json energy = parse(result.out)["energy"];
  const Json& gpu = energy["components"]["gpu"];
  const double seconds = energy["duration_seconds"].get<double>();
  const double joules = gpu["energy_joules"]["value"].get<double>();
  // 250 W, and the counter is written every 0.1 s.
  EXPECT_NEAR(joules, 250 * seconds, 250 * 0.2);
  EXPECT_LE(gpu["energy_joules"]["low"].get<double>(), 250 * seconds);
  EXPECT_GE(gpu["energy_joules"]["high"].get<double>(), 250 * seconds);
  EXPECT_GE(energy["energy_joules"]["value"].get<double>(), joules);
  EXPECT_EQ(gpu["devices"].size(), 2U);
  const auto row = row_of(csv().at(0), csv().at(1));
  EXPECT_EQ(row.at("gpu_count"), "2");
  EXPECT_EQ(row.at("gpu_model"), "2 x NVIDIA A100");
  EXPECT_EQ(row.at("gpu_utilization_percent"), "50");
  EXPECT_NEAR(std::stod(row.at("gpu_energy")) * 3.6e6, joules, 1e-6);
  EXPECT_NEAR(std::stod(row.at("gpu_power")), joules / seconds, 1e-6);
}

TEST_F(TrackWithGpus, ACommandThatUsesNoneIsChargedNothingOrItIsNotKnown) {
  folder_.write("nvml", "count 1\n0.name NVIDIA A100\n0.energy_rate 200000\n0.processes\n");
  const ProgramResult result = run_shell(prefix_ + track("--quiet --json -- sleep 0.5"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json gpu = parse(result.out)["energy"]["components"]["gpu"];
  EXPECT_EQ(gpu["energy_joules"]["low"], 0.0);
  EXPECT_EQ(gpu["energy_joules"]["provenance"], "mixed");
  // In a container, processes have numbers of their own and no share can be told.
  if (fs::read_symlink("/proc/self/ns/pid") == "pid:[4026531836]") {
    EXPECT_EQ(gpu["energy_joules"]["value"], 0.0);
  }
}

TEST_F(TrackWithGpus, DetectListsThem) {
  const ProgramResult result = run_shell(prefix_ + kCoppice + "detect --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::vector<std::string> details;
  const Json answer = parse(result.out);
  for (const Json& source : answer["sources"]) {
    if (source["component"] != "gpu") continue;
    EXPECT_EQ(source["available"], true);
    details.push_back(source["detail"].get<std::string>());
  }
  ASSERT_EQ(details.size(), 2U);
  EXPECT_EQ(details[1].rfind("GPU 1 NVIDIA A100: by its energy counter", 0), 0U) << details[1];
}

TEST(Detect, AnswersForThisMachine) {
  const ProgramResult result = run_coppice("detect --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json answer = parse(result.out);
  std::map<std::string, int> used;
  for (const Json& source : answer["sources"]) {
    EXPECT_FALSE(source["detail"].get<std::string>().empty()) << dump_json(source);
    EXPECT_TRUE(source["available"].get<bool>() || !source["used"].get<bool>()) << dump_json(source);
    if (source["used"]) ++used[source["component"]];
  }
  EXPECT_EQ(used["cpu"], 1);  // a counter or a model, not both
  EXPECT_LE(used["ram"], 1);
  EXPECT_EQ(result.err, "");
  const ProgramResult text = run_coppice("detect");
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_NE(text.out.find("Sources of energy figures:"), std::string::npos);
  EXPECT_NE(text.out.find("gpu: NVML: "), std::string::npos);
}

TEST(Detect, AnswersForANamedProcessorAndMemory) {
  const ProgramResult result =
      run_coppice("detect --cpu-model 'Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz' --load 100 --ram-gb 32 --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json answer = parse(result.out);
  EXPECT_EQ(answer["cpu"]["match"], "Intel Core i7-9700K");
  EXPECT_EQ(answer["cpu"]["tdp_watts"], 95.0);
  EXPECT_NEAR(answer["cpu"]["watts"].get<double>(), 95, 1e-9);
  EXPECT_LT(answer["cpu"]["watts_low"], answer["cpu"]["watts"]);
  EXPECT_GT(answer["ram"]["watts"], 0.0);
  // An unknown name is null with near names, and four watts a thread only where CodeCarbon's answer is asked for.
  const Json unknown = parse(run_coppice("detect --cpu-model 'Frobozz X1' --threads 8 --json").out);
  EXPECT_TRUE(unknown["cpu"]["match"].is_null());
  EXPECT_TRUE(unknown["cpu"]["tdp_watts"].is_null());
  const Json compat = parse(run_coppice("detect --cpu-model 'Frobozz X1' --threads 8 --compat codecarbon --json").out);
  EXPECT_EQ(compat["cpu"]["tdp_watts"], 32.0);
}

TEST(Detect, WrongUsageIsTwo) {
  for (const char* wrong : {"detect --load 101", "detect --ram-gb -1", "detect --tdp 0", "detect --tdp 5 --threads 2",
                            "detect --threads 0", "detect --compat other", "detect --load much"}) {
    const ProgramResult result = run_coppice(wrong);
    EXPECT_EQ(result.exit_code, 2) << wrong;
    EXPECT_EQ(result.out, "") << wrong;
    EXPECT_NE(result.err, "") << wrong;
  }
}

}  // namespace
}  // namespace coppice::cli
