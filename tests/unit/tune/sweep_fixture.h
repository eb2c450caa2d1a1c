// A base model, reviews and the stand-in trainer for tests of `coppice tune`.
#pragma once

#include <algorithm>
#include <map>
#include <sstream>
#include <vector>

#include "shared/base/json.h"
#include "tests/unit/cli/program.h"

namespace coppice::cli {

class SweepTest : public ProgramTest {
 protected:
  void SetUp() override {
    write_tiny_base("base", {});
    std::filesystem::create_directories(folder_.path() / "data");
    std::string train;
    for (int i = 0; i < 90; ++i) train += std::to_string(i % 2) + "\tfilm number " + std::to_string(i) + "\n";
    folder_.write("data/train.tsv", train);
  }

  // With the stand-in trainer behaving as `wishes` (fake_trainer.cpp) asks.
  [[nodiscard]] ProgramResult tune(const std::string& arguments, const std::string& wishes = "",
                                   const std::string& environment = "") const {
    const std::string inputs = " --base " + at("base") + " --data " + at("data") + " ";
    return run_with("tune " + (arguments.find("--merge") == std::string::npos ? inputs : "") + arguments, wishes,
                    environment);
  }

  [[nodiscard]] ProgramResult run_with(const std::string& arguments, const std::string& wishes = "",
                                       const std::string& environment = "") const {
    const std::string variables = "COPPICE_TORCH_PROGRAM='" FAKE_TRAINER "' FAKE_TRAINER_LOG=" + at("calls") +
                                  " FAKE_TRAINER='" + wishes + "' " + environment;
    return run_shell("env -u CLOUD_RUN_TASK_INDEX -u JOB_COMPLETION_INDEX " + variables + " '" COPPICE_PROGRAM "' " +
                     arguments);
  }

  // The calls of the stand-in so far.
  [[nodiscard]] std::vector<std::string> calls() const {
    std::istringstream lines(file_content(folder_.path() / "calls"));
    std::vector<std::string> found;
    for (std::string line; std::getline(lines, line);) found.push_back(line);
    return found;
  }

  [[nodiscard]] Json sweep(const std::string& output) const {
    const auto path = folder_.path() / output / "sweep.json";
    Result<Json> json = parse_json(file_content(path), path.string());
    EXPECT_TRUE(json.ok()) << json.status().message();
    return json.ok() ? *json : Json::object();
  }

  [[nodiscard]] static Json trial(const Json& sweep, const std::string& id) {
    for (const Json& entry : sweep["trials"]) {
      if (entry["id"] == id) return entry;
    }
    ADD_FAILURE() << "no trial " << id;
    return Json::object();
  }

  [[nodiscard]] bool exists(const std::string& name) const { return std::filesystem::exists(folder_.path() / name); }
};

}  // namespace coppice::cli
