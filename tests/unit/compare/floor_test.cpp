#include "shared/compare/floor.h"

#include <gtest/gtest.h>

namespace coppice::compare {
namespace {

ModelRow row(const std::string& id, double low, double value, double high, bool linear = false) {
  ModelRow made;
  made.id = id;
  made.architecture = linear ? records::Architecture::kLinear : records::Architecture::kBert;
  made.accuracy = records::MetricValue{value, low, high};
  made.accuracy_reviews = 25000;
  made.test_set = "imdb test 00";
  return made;
}

ModelRow floor_row() { return row("ngrams", 0.909, 0.913, 0.916, true); }

void write(State& state, const std::vector<records::Manifest>& manifests = std::vector<records::Manifest>(4)) {
  std::vector<const records::Manifest*> pointers;
  for (const records::Manifest& manifest : manifests) pointers.push_back(&manifest);
  write_floor(state, pointers);
}

TEST(Floor, SaysThatTransformersAreBeatenAndWhatTheyWereTrainedOn) {
  State state;
  state.models = {row("dense", 0.883, 0.887, 0.891), row("half", 0.875, 0.879, 0.883), floor_row()};
  state.models[0].training_share = 0.267;
  state.models[1].training_share = 0.267;
  state.models[2].training_share = 1.0;
  write(state);
  EXPECT_EQ(
      state.floor,
      "Do you need a transformer here? For accuracy, no: the linear model ngrams judges 91.3 % (90.9 % to 91.6 %) "
      "of the 25,000 test reviews rightly, more than each of the transformers here, of which the best, dense, "
      "reaches 88.7 % (88.3 % to 89.1 %); dense was trained on 27 % of the training reviews, ngrams on 100 %.");
  EXPECT_EQ(
      state.models[1].against_floor,
      "Less accurate than the linear model ngrams, 91.3 %; half was trained on 27 % of the training reviews, ngrams "
      "on 100 %");
  EXPECT_EQ(
      state.models[2].against_floor,
      "More accurate than the best transformer, dense, 88.7 %; dense was trained on 27 % of the training reviews, "
      "ngrams on 100 %");
}

TEST(Floor, TurnsWithTheManifests) {
  State state;
  state.models = {row("dense", 0.920, 0.924, 0.927), row("half", 0.910, 0.914, 0.918), floor_row()};
  write(state);
  EXPECT_NE(state.floor.find("For accuracy, yes: "), std::string::npos) << state.floor;
  EXPECT_NE(state.floor.find("dense 92.4 % (92.0 % to 92.7 %)"), std::string::npos) << state.floor;
  EXPECT_EQ(state.models[0].against_floor, "More accurate than the linear model ngrams, 91.3 %");
  EXPECT_EQ(state.models[1].against_floor, "No clear difference in accuracy to the linear model ngrams, 91.3 %");
  EXPECT_EQ(state.models[2].against_floor, "Less accurate than the best transformer, dense, 92.4 %");
  state.models.erase(state.models.begin());
  write(state);
  EXPECT_NE(state.floor.find("Accuracy does not say: "), std::string::npos) << state.floor;
}

TEST(Floor, GrantsABeatenModelWhatItDoesBetter) {
  State state;
  state.models = {row("dense", 0.883, 0.887, 0.891), row("half", 0.875, 0.879, 0.883), floor_row()};
  std::vector<records::Manifest> manifests(3);
  manifests[0].metrics = {{"recall", {0.93, 0.925, 0.935}}, {"ece", {0.001, 0.0005, 0.002}}};
  manifests[1].metrics = {{"recall", {0.91, 0.905, 0.915}}, {"ece", {0.02, 0.018, 0.022}}, {"brier", {0.08, {}, {}}}};
  manifests[2].metrics = {
      {"recall", {0.912, 0.907, 0.917}}, {"ece", {0.009, 0.007, 0.013}}, {"brier", {0.06, 0.05, 0.07}}};
  write(state, manifests);
  EXPECT_EQ(state.models[0].against_floor,
            "Less accurate than the linear model ngrams, 91.3 %, but better at finding the positive, calibration");
  EXPECT_EQ(state.models[1].against_floor,
            "Less accurate than the linear model ngrams, 91.3 %, and better at none of 2 other measures");
}

TEST(Floor, IsSilentWhereNothingCanBeCompared) {
  State state;
  state.models = {row("dense", 0.883, 0.887, 0.891), row("half", 0.875, 0.879, 0.883)};
  write(state);
  EXPECT_EQ(state.floor, "");
  // Another test set; one without its hash; one without an interval; the floor alone.
  state.models = {row("dense", 0.9, 0.95, 0.96), row("half", 0.9, 0.95, 0.96), row("third", 0.9, 0.95, 0.96),
                  floor_row()};
  state.models[0].test_set = "imdb test 01";
  state.models[1].test_set = "";
  state.models[2].accuracy->low.reset();
  write(state);
  EXPECT_EQ(state.floor, "");
  for (const ModelRow& made : state.models) EXPECT_EQ(made.against_floor, "");
}

}  // namespace
}  // namespace coppice::compare
