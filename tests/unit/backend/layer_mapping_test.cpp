#include "native/backend/layer_mapping.h"

#include <gtest/gtest.h>

#include "native/prune/plan.h"

namespace coppice::backend {
namespace {

// A student that was made by keeping layers 0, 2 and 5 of the model "dense".
records::Manifest pruned_student() {
  prune::Plan plan;
  plan.method = "structured";
  plan.model_id = "dense";
  plan.weights_sha256 = std::string(64, 'a');
  plan.structured.importance = "magnitude";
  for (const int64_t layer : {0, 2, 5}) plan.structured.layers.push_back({layer, {0}, {0}});
  records::Manifest manifest;
  manifest.id = "student";
  manifest.plan.push_back({"prune", "runs/prune-1.json", Json::object(), Json(prune::to_json(plan))});
  manifest.plan.push_back({"train", "runs/train-1.json", Json::object(), std::nullopt});
  return manifest;
}

std::string text_of(const Result<LayerMapping>& mapping) {
  if (!mapping.ok()) return mapping.status().message();
  std::string text;
  for (const train::LayerPair& pair : mapping->pairs) {
    text += std::to_string(pair.student) + ":" + std::to_string(pair.teacher) + " ";
  }
  return text + mapping->source;
}

TEST(LayerMapping, AutoIsTheSameNumberOrTheOneItHadInTheTeacher) {
  EXPECT_EQ(text_of(map_layers("auto", 3, nullptr, 3, "dense", "x")), "0:0 1:1 same depth");
  const records::Manifest student = pruned_student();
  EXPECT_EQ(text_of(map_layers("auto", 3, &student, 6, "dense", "x")), "0:0 1:2 plan runs/prune-1.json");
  EXPECT_EQ(text_of(map_layers("auto", 3, &student, 6, "dense-fp16", std::string(64, 'a'))),
            "0:0 1:2 plan runs/prune-1.json")
      << "the same weights under another id";
}

TEST(LayerMapping, WhatIsNotKnownIsAskedFor) {
  const records::Manifest student = pruned_student();
  const std::string other = text_of(map_layers("auto", 3, &student, 6, "another", "x"));
  EXPECT_NE(other.find("runs/prune-1.json pruned model dense, not the teacher another"), std::string::npos) << other;
  EXPECT_NE(other.find("--teacher-hidden-layers uniform"), std::string::npos) << other;
  EXPECT_FALSE(map_layers("auto", 3, nullptr, 6, "dense", "x").ok());
  EXPECT_FALSE(map_layers("auto", 2, &student, 6, "dense", "x").ok()) << "the plan keeps three";
  EXPECT_FALSE(map_layers("auto", 3, &student, 5, "dense", "x").ok()) << "the plan keeps layer 5 of at least six";
}

TEST(LayerMapping, UniformIsTinyBerts) {
  EXPECT_EQ(text_of(map_layers("uniform", 4, nullptr, 12, "t", "x")), "0:2 1:5 2:8 uniform");
  EXPECT_EQ(text_of(map_layers("uniform", 4, nullptr, 6, "t", "x")), "0:1 1:2 2:4 uniform");
  EXPECT_EQ(text_of(map_layers("uniform", 3, nullptr, 3, "t", "x")), "0:0 1:1 uniform");
}

TEST(LayerMapping, AListNamesEveryInnerLayer) {
  EXPECT_EQ(text_of(map_layers("1,4", 3, nullptr, 6, "t", "x")), "0:1 1:4 given");
  for (const char* wrong : {"1", "1,2,3", "1,6", "-1,2", "1,,2", "1,2,", "one,2", ""}) {
    EXPECT_EQ(map_layers(wrong, 3, nullptr, 6, "t", "x").status().code(), StatusCode::kInvalidUsage) << wrong;
  }
  EXPECT_EQ(map_layers("auto", 1, nullptr, 6, "t", "x").status().code(), StatusCode::kInvalidUsage)
      << "one layer has no inner states";
}

}  // namespace
}  // namespace coppice::backend
