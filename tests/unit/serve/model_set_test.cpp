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

TEST_F(ModelSetTest, TheShippedModelsJudge) {
  const std::string_view texts[] = {"A wonderful, moving film. I loved every minute of it.",
                                    "Dull, badly acted and far too long. The worst film of the year."};
  const struct {
    const char* id;
    const char* architecture;
    int64_t tokens;  // of the first text
  } models[] = {{"linear-ngrams", "linear", 10}, {"minilm-l6-imdb-smallest", "bert", 15}};
  for (const auto& model : models) {
    const auto opened = open_classifier(fs::path("models") / model.id);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    Classifier& classifier = **opened;
    EXPECT_EQ(classifier.info().id, model.id);
    EXPECT_EQ(classifier.info().architecture, model.architecture);
    EXPECT_EQ(classifier.info().labels[1], "positive");
    const auto verdicts = classifier.classify(texts);
    ASSERT_TRUE(verdicts.ok()) << verdicts.status().message();
    EXPECT_GT((*verdicts)[0].logits[1], (*verdicts)[0].logits[0]) << model.id;
    EXPECT_LT((*verdicts)[1].logits[1], (*verdicts)[1].logits[0]) << model.id;
    EXPECT_EQ((*verdicts)[0].tokens, model.tokens);
  }
}

// Many reviews at once, cut into calls of the engine, have the verdicts they have alone.
TEST_F(ModelSetTest, ABatchOfAnyLengthsIsJudgedAsOneByOne) {
  const auto opened = open_classifier("models/minilm-l6-imdb-smallest");
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  // More than one call takes, and short: checked builds of the engine take seconds for a long review.
  const std::string longer = "A fine and quiet film. It was dull.";
  std::vector<std::string_view> texts;
  for (size_t i = 0; i < 35; ++i) texts.push_back(std::string_view(longer).substr(0, 1 + i));
  const auto together = (*opened)->classify(texts);
  ASSERT_TRUE(together.ok()) << together.status().message();
  ASSERT_EQ(together->size(), texts.size());
  for (const size_t i : {size_t{0}, size_t{5}, texts.size() - 1}) {
    const auto alone = (*opened)->classify(std::span(texts).subspan(i, 1));
    ASSERT_TRUE(alone.ok());
    EXPECT_NEAR((*alone)[0].logits[1], (*together)[i].logits[1], 1e-3) << i;  // sums of float32 in another order
  }
}

TEST_F(ModelSetTest, ASetFindsByIdAndKeepsTheOrder) {
  auto opened = open_models(root_);
  ASSERT_TRUE(opened.ok());
  const ModelSet set(*std::move(opened), {}, {});
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
