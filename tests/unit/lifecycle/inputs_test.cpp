#include "native/lifecycle/inputs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace coppice::lifecycle {
namespace {

namespace fs = std::filesystem;

class LifecycleInputs : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "coppice-inputs-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    fs::create_directories(folder_ + "/run/models/m/runs");
    fs::create_directories(folder_ + "/data");
    write("run/models/m/model.safetensors", "weights");
    write("run/models/m/config.json", "{}");
    for (const char* split : {"train", "validation", "test"}) write(std::string("data/") + split + ".tsv", "1\tx\n");
    step_.command = {"coppice", "evaluate", "--model", folder_ + "/run/models/m"};
    step_.input_models = {folder_ + "/run/models/m"};
    step_.input_data = folder_ + "/data";
    step_.splits = {"test"};
  }
  void TearDown() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << content;
  }
  [[nodiscard]] std::string hash() {
    const Result<Inputs> inputs = inputs_of(step_, folder_ + "/run", hashes_);
    EXPECT_TRUE(inputs.ok()) << inputs.status().message();
    return inputs.ok() ? inputs->hash : "";
  }

  std::string folder_;
  Step step_;
  FileHashes hashes_;
};

TEST_F(LifecycleInputs, ChangeWithFilesAndCommandAlone) {
  const std::string before = hash();
  EXPECT_EQ(before.size(), 64U);
  EXPECT_EQ(hash(), before);
  // Records and the manifest, which tells of them, grow with every evaluation.
  write("run/models/m/runs/evaluate-1.json", "{}");
  write("run/models/m/manifest.json", "{}");
  EXPECT_EQ(hash(), before);
  // Reviews of a part it does not read.
  write("data/train.tsv", "0\tother\n");
  EXPECT_EQ(hash(), before);
  write("data/test.tsv", "0\tother\n");
  const std::string of_other_reviews = hash();
  EXPECT_NE(of_other_reviews, before);
  write("run/models/m/model.safetensors", "other weights");
  EXPECT_NE(hash(), of_other_reviews);
  step_.command.emplace_back("--limit");
  EXPECT_NE(hash(), of_other_reviews);
}

TEST_F(LifecycleInputs, StayWhenTheRunDirectoryMoves) {
  const std::string before = hash();
  fs::rename(folder_ + "/run", folder_ + "/moved");
  step_.command.back() = folder_ + "/moved/models/m";
  step_.input_models = {folder_ + "/moved/models/m"};
  const Result<Inputs> moved = inputs_of(step_, folder_ + "/moved", hashes_);
  ASSERT_TRUE(moved.ok());
  EXPECT_EQ(moved->hash, before);
}

TEST_F(LifecycleInputs, WhatIsMissingIsNamed) {
  fs::remove(folder_ + "/run/models/m/model.safetensors");
  fs::remove(folder_ + "/run/models/m/config.json");
  const Result<Inputs> inputs = inputs_of(step_, folder_ + "/run", hashes_);
  ASSERT_TRUE(inputs.ok());
  EXPECT_EQ(inputs->missing, folder_ + "/run/models/m");
  EXPECT_EQ(inputs->hash, "");
  step_.input_models.clear();
  step_.input_data = folder_ + "/run";  // there, and no data
  EXPECT_FALSE(inputs_of(step_, folder_ + "/run", hashes_).ok());
}

TEST_F(LifecycleInputs, OutputsThatWereLostOrChangedAreNoticed) {
  step_.outputs = {folder_ + "/run/a.json"};
  write("run/a.json", "one");
  const Hashes before = *outputs_of(step_, folder_ + "/run", hashes_);
  EXPECT_EQ(changed_output(step_, before, before, folder_ + "/run"), "");
  write("run/a.json", "other");
  EXPECT_EQ(changed_output(step_, before, *outputs_of(step_, folder_ + "/run", hashes_), folder_ + "/run"),
            "a.json was changed");
  fs::remove(folder_ + "/run/a.json");
  EXPECT_EQ(changed_output(step_, before, *outputs_of(step_, folder_ + "/run", hashes_), folder_ + "/run"),
            "a.json is gone");
}

}  // namespace
}  // namespace coppice::lifecycle
