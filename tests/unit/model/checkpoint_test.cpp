#include "native/model/checkpoint.h"

#include <torch/torch.h>

#include "tests/unit/model/tiny_bert.h"

namespace coppice::model {
namespace {

using namespace testing_support;  // NOLINT: names of the test fixtures
namespace fs = std::filesystem;

TEST(Checkpoint, WhatIsSavedIsLoadedAgainBitForBit) {
  const ScratchFolder folder;
  BertClassifier model = load_tiny_bert();
  ASSERT_TRUE(save_weights(model, folder.path() / "model.safetensors").ok());
  fs::copy(kTinyBert / "config.json", folder.path() / "config.json");
  Result<LoadedModel> again = load_model(folder.path(), 0, true);
  ASSERT_TRUE(again.ok()) << again.status().message();
  std::vector<at::Tensor> first;
  model.visit([&](const std::string&, at::Tensor& tensor, const std::vector<int64_t>&) { first.push_back(tensor); });
  size_t i = 0;
  again->model.visit([&](const std::string& name, at::Tensor& tensor, const std::vector<int64_t>&) {
    EXPECT_TRUE(at::equal(tensor, first[i++])) << name;
  });
}

TEST(Checkpoint, NamesMayLackThePrefixAndTheHeadMayBeNew) {
  const ScratchFolder folder;
  BertClassifier model = load_tiny_bert();
  NamedTensors bare;
  model.visit([&](const std::string& name, at::Tensor& tensor, const std::vector<int64_t>&) {
    if (name.starts_with("bert.")) bare.emplace_back(name.substr(5), tensor);
  });
  bare.emplace_back("cls.predictions.bias", at::zeros({3}));
  ASSERT_TRUE(save_tensors(bare, {}, folder.path() / "model.safetensors").ok());
  fs::copy(kTinyBert / "config.json", folder.path() / "config.json");
  const Result<LoadedModel> loaded = load_model(folder.path(), 0, /*require_head=*/false);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(loaded->report.newly_initialised, (std::vector<std::string>{"classifier.weight", "classifier.bias"}));
  EXPECT_EQ(loaded->report.unused, (std::vector<std::string>{"cls.predictions.bias"}));
  const Result<LoadedModel> strict = load_model(folder.path(), 0, /*require_head=*/true);
  ASSERT_FALSE(strict.ok());
  EXPECT_NE(strict.status().message().find("missing: classifier.weight (2, 8)"), std::string::npos)
      << strict.status().message();
}

TEST(Checkpoint, EveryTensorThatDoesNotFitIsListed) {
  const ScratchFolder folder;
  BertClassifier model = load_tiny_bert();
  NamedTensors tensors;
  model.visit([&](const std::string& name, at::Tensor& tensor, const std::vector<int64_t>&) {
    if (name == "bert.encoder.layer.0.output.dense.bias") return;  // missing
    if (name == "classifier.weight")
      tensors.emplace_back(name, at::zeros({3, 8}));  // other shape
    else if (name == "classifier.bias")
      tensors.emplace_back(name, at::zeros({2}, at::kLong));  // other type
    else
      tensors.emplace_back(name, tensor);
  });
  ASSERT_TRUE(save_tensors(tensors, {}, folder.path() / "model.safetensors").ok());
  fs::copy(kTinyBert / "config.json", folder.path() / "config.json");
  const Result<LoadedModel> loaded = load_model(folder.path(), 0, true);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.status().code(), StatusCode::kInvalidInput);
  const std::string& message = loaded.status().message();
  EXPECT_NE(message.find("3 tensors"), std::string::npos) << message;
  EXPECT_NE(message.find("missing: bert.encoder.layer.0.output.dense.bias (8)"), std::string::npos) << message;
  EXPECT_NE(message.find("classifier.weight is (3, 8) in the file, config.json asks for (2, 8)"), std::string::npos)
      << message;
  EXPECT_NE(message.find("classifier.bias is I64"), std::string::npos) << message;
}

TEST(Checkpoint, AFileCutShortIsRefused) {
  const ScratchFolder folder;
  fs::copy(kTinyBert / "config.json", folder.path() / "config.json");
  const Result<std::string> bytes = read_file(kTinyBert / "model.safetensors");
  ASSERT_TRUE(bytes.ok());
  for (const size_t length : {size_t{0}, size_t{7}, size_t{100}, bytes->size() - 1}) {
    ASSERT_TRUE(write_file_atomically(folder.path() / "model.safetensors", bytes->substr(0, length)).ok());
    EXPECT_FALSE(load_model(folder.path(), 0, true).ok()) << length;
  }
}

}  // namespace
}  // namespace coppice::model
