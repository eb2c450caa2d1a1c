#include "shared/compare/estimate.h"

#include <gtest/gtest.h>

#include <set>

namespace coppice::compare {
namespace {

using energy::Seconds;

EstimateInputs inputs_for(energy::InferenceMethod method, const ModelFacts& facts, const energy::Intensity& intensity) {
  return {method,
          energy::TimedInference{Seconds(0.2), Seconds(0.19), Seconds(0.22), Seconds(0)},
          128,
          facts,
          *energy::find_device("laptop"),
          intensity};
}

energy::Intensity at_360() {
  energy::Intensity intensity;
  intensity.value = energy::GramsPerKwh(360.0);
  return intensity;
}

TEST(EstimateOf, TimeMatchesAHandComputedCase) {
  const energy::Intensity intensity = at_360();
  const ModelFacts facts;
  // 0.2 s at 75 W = 15 J; at 360 g/kWh one joule is 0.1 mg.
  const std::optional<Estimate> estimate =
      estimate_of(inputs_for(energy::InferenceMethod::kTimePower, facts, intensity));
  ASSERT_TRUE(estimate);
  EXPECT_DOUBLE_EQ(estimate->energy.value.value(), 15.0);
  EXPECT_DOUBLE_EQ(estimate->energy.low.value(), 0.19 * 50.0);
  EXPECT_DOUBLE_EQ(estimate->energy.high.value(), 0.22 * 100.0);
  EXPECT_NEAR(estimate->carbon.value.value(), 0.0015, 1e-12);
  EXPECT_EQ(estimate->energy.provenance.kind, energy::ProvenanceKind::kModelled);
  EXPECT_NE(estimate->energy.provenance.method.find("laptop"), std::string::npos);
  // A laptop of 200 kg over 5 years of 365 days: 200,000 g x 0.2 s / 157,680,000 s.
  ASSERT_TRUE(estimate->embodied);
  EXPECT_NEAR(estimate->embodied->value.value(), 200'000.0 * 0.2 / 157'680'000.0, 1e-9);
  EXPECT_LT(estimate->embodied->low, estimate->embodied->value);
  EXPECT_LT(estimate->embodied->value, estimate->embodied->high);
}

TEST(EstimateOf, AMethodWithoutItsInputGivesNothing) {
  const energy::Intensity intensity = at_360();
  ModelFacts facts;
  EXPECT_FALSE(estimate_of(inputs_for(energy::InferenceMethod::kOperations, facts, intensity)));
  EXPECT_FALSE(estimate_of(inputs_for(energy::InferenceMethod::kShipped, facts, intensity)));
  EstimateInputs untimed = inputs_for(energy::InferenceMethod::kTimePower, facts, intensity);
  untimed.time.reset();
  EXPECT_FALSE(estimate_of(untimed));
  facts.encoder_operations = {{128, 0}};
  EXPECT_FALSE(estimate_of(inputs_for(energy::InferenceMethod::kOperations, facts, intensity)));
  facts.encoder_operations = {{128, 1'000'000'000}};
  const std::optional<Estimate> by_operations =
      estimate_of(inputs_for(energy::InferenceMethod::kOperations, facts, intensity));
  ASSERT_TRUE(by_operations);
  EXPECT_NEAR(by_operations->energy.value.value(), 0.03355, 1e-12);  // 1e9 x 33.55 pJ
}

TEST(GridPresets, StartWithTheWorldAndAllResolve) {
  const std::vector<GridPreset> grids = grid_presets();
  ASSERT_GT(grids.size(), 100U);
  EXPECT_EQ(grids[0].id, "WORLD");
  std::set<std::string> ids;
  for (const GridPreset& grid : grids) {
    EXPECT_TRUE(ids.insert(grid.id).second) << grid.id;
    const Result<energy::Intensity> intensity = find_grid(grid.id);
    ASSERT_TRUE(intensity.ok()) << grid.id << ": " << intensity.status().message();
    // The number in the list is the number that is used.
    EXPECT_DOUBLE_EQ(intensity->value.value(), grid.grams_per_kwh) << grid.id;
  }
  EXPECT_FALSE(find_grid("gcp:moon-base1").ok());
}

}  // namespace
}  // namespace coppice::compare
