#include "native/serve/model_set.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace coppice::serve {
namespace {

namespace fs = std::filesystem;

// A copy of the shipped linear model, to break.
class ModelSetTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/coppice-models-XXXXXX";
    root_ = ::mkdtemp(name);
    fs::copy("models/linear-ngrams", root_ / "linear-ngrams", fs::copy_options::recursive);
    write("catalog.json", R"({"schema_version":1,"models":[{"id":"linear-ngrams"}]})");
  }
  void TearDown() override { fs::remove_all(root_); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(root_ / name) << text; }
  fs::path root_;
};

TEST_F(ModelSetTest, TheShippedLinearModelJudges) {
  const auto opened = open_models("models");
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  ASSERT_EQ(opened->classifiers.size(), 1U);
  EXPECT_EQ(opened->left_out.size(), 2U);  // transformers
  Classifier& classifier = *opened->classifiers[0];
  EXPECT_EQ(classifier.info().id, "linear-ngrams");
  EXPECT_EQ(classifier.info().architecture, "linear");
  EXPECT_EQ(classifier.info().labels[1], "positive");
  const std::string_view texts[] = {"A wonderful, moving film. I loved every minute of it.",
                                    "Dull, badly acted and far too long. The worst film of the year."};
  const auto verdicts = classifier.classify(texts);
  ASSERT_TRUE(verdicts.ok());
  EXPECT_GT((*verdicts)[0].logits[1], (*verdicts)[0].logits[0]);
  EXPECT_LT((*verdicts)[1].logits[1], (*verdicts)[1].logits[0]);
  EXPECT_EQ((*verdicts)[0].tokens, 10);
}

TEST_F(ModelSetTest, ASetFindsByIdAndKeepsTheOrder) {
  auto opened = open_models(root_);
  ASSERT_TRUE(opened.ok());
  const ModelSet set(std::move(opened->classifiers), {}, {});
  EXPECT_EQ(set.all().size(), 1U);
  EXPECT_NE(set.find("linear-ngrams"), nullptr);
  EXPECT_EQ(set.find("linear"), nullptr);
  EXPECT_EQ(set.find(""), nullptr);
}

TEST_F(ModelSetTest, FilesThatChangedAreNotServed) {
  std::fstream file(root_ / "linear-ngrams/model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(5000);
  file.put(static_cast<char>(file.peek() ^ 1));
  file.close();
  const auto opened = open_models(root_);
  EXPECT_EQ(opened.status().code(), StatusCode::kInvalidInput);
  EXPECT_NE(opened.status().message().find("model.safetensors: is not the file that manifest.json lists"),
            std::string::npos)
      << opened.status().message();
}

TEST_F(ModelSetTest, WhatIsMissingIsNamed) {
  EXPECT_NE(open_models(root_ / "nowhere").status().message().find("catalog.json"), std::string::npos);
  write("catalog.json", R"({"schema_version":1,"models":[{"id":"gone"}]})");
  EXPECT_NE(open_models(root_).status().message().find("gone"), std::string::npos);
  write("catalog.json", "{}");
  EXPECT_FALSE(open_models(root_).ok());
}

}  // namespace
}  // namespace coppice::serve
