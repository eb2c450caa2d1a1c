// The recorded tiny BERT of tests/golden/tiny_bert (2 layers, 8 wide), for tests of model, training and pruning.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "native/io/file.h"
#include "native/model/checkpoint.h"
#include "native/model/tokenized_reviews.h"
#include "shared/base/json.h"

namespace coppice::testing_support {

inline const std::atomic<bool> kNeverInterrupted{false};
inline const std::filesystem::path kTinyBert = "tests/golden/tiny_bert";

inline Json read_json(const std::filesystem::path& path) {
  const Result<std::string> text = read_file(path);
  EXPECT_TRUE(text.ok()) << text.status().message();
  const Result<Json> json = parse_json(text.ok() ? *text : "{}", path.string());
  EXPECT_TRUE(json.ok()) << json.status().message();
  return json.ok() ? *json : Json::object();
}

inline model::BertClassifier load_tiny_bert() {
  Result<model::LoadedModel> loaded = model::load_model(kTinyBert, 0, /*require_head=*/true);
  EXPECT_TRUE(loaded.ok()) << loaded.status().message();
  return std::move(loaded->model);
}

inline model::TokenizedReviews tiny_reviews(const Json& expected) {
  model::TokenizedReviews reviews;
  reviews.offsets = {0};
  for (size_t i = 0; i < expected["reviews"].size(); ++i) {
    for (const Json& id : expected["reviews"][i]) reviews.ids.push_back(id.get<int32_t>());
    reviews.offsets.push_back(reviews.ids.size());
    reviews.labels.push_back(expected["labels"][i].get<int>());
  }
  return reviews;
}

// Made-up reviews whose label follows from one token: something to learn. Token 2 begins, 3 ends.
inline model::TokenizedReviews made_up_reviews(size_t count, uint32_t seed) {
  model::TokenizedReviews reviews;
  reviews.offsets = {0};
  uint32_t state = seed;
  const auto next = [&] { return state = state * 1664525U + 1013904223U; };
  for (size_t i = 0; i < count; ++i) {
    const int label = static_cast<int>(i % 2);
    reviews.ids.push_back(2);
    for (uint32_t t = 0; t < 3 + next() % 6; ++t) reviews.ids.push_back(static_cast<int32_t>(6 + (next() >> 8) % 30));
    reviews.ids.push_back(label == 1 ? 36 : 37);
    reviews.ids.push_back(3);
    reviews.offsets.push_back(reviews.ids.size());
    reviews.labels.push_back(label);
  }
  return reviews;
}

inline model::PackedBatch pack_all(const model::TokenizedReviews& reviews) {
  std::vector<uint32_t> all;
  for (uint32_t i = 0; i < reviews.size(); ++i) all.push_back(i);
  return model::pack_reviews(reviews, all);
}

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "coppice_model_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace coppice::testing_support
