#include "shared/compare/estimate.h"

#include <gtest/gtest.h>

#include <set>

namespace coppice::compare {
namespace {

using energy::Seconds;

TEST(EstimateEnergy, MatchesAHandComputedCase) {
  const energy::DevicePreset* laptop = energy::find_device("laptop");
  ASSERT_NE(laptop, nullptr);
  energy::Intensity intensity;
  intensity.value = energy::GramsPerKwh(360.0);
  // 0.2 s at 75 W = 15 J; at 360 g/kWh one joule is 0.1 mg.
  const Estimate estimate = estimate_energy(Seconds(0.2), Seconds(0.19), Seconds(0.22), *laptop, intensity);
  EXPECT_DOUBLE_EQ(estimate.energy.value.value(), 15.0);
  EXPECT_DOUBLE_EQ(estimate.energy.low.value(), 0.19 * 50.0);
  EXPECT_DOUBLE_EQ(estimate.energy.high.value(), 0.22 * 100.0);
  EXPECT_NEAR(estimate.carbon.value.value(), 0.0015, 1e-12);
  EXPECT_EQ(estimate.energy.provenance.kind, energy::ProvenanceKind::kModelled);
  EXPECT_NE(estimate.energy.provenance.method.find("laptop"), std::string::npos);
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
