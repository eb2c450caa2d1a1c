#include "shared/energy/equivalents.h"

#include <gtest/gtest.h>

#include <string>

#include "shared/energy/transfer.h"

namespace coppice::energy {
namespace {

TEST(Equivalents, MatchHandComputedCases) {
  // 1 kWh and 350 g.
  const Figure<Joules> energy{from_kwh(1.0), from_kwh(0.5), from_kwh(2.0), {}};
  const Figure<GramsCo2e> carbon{GramsCo2e(350), GramsCo2e(175), GramsCo2e(700), {}};
  const auto counts = equivalents_of(energy, carbon);
  ASSERT_EQ(counts.size(), 3U);
  // 4,186 J/(kg K) x 85 K / 0.85 = 418,600 J a litre.
  EXPECT_STREQ(counts[0].equivalent->id, "kettle");
  EXPECT_NEAR(counts[0].value, 3.6e6 / 418'600.0, 1e-9);
  EXPECT_NEAR(counts[0].low, 1.8e6 / (355'810.0 / 0.8), 1e-9);
  EXPECT_NEAR(counts[1].value, 1000.0 / 11.6, 1e-9);
  EXPECT_NEAR(counts[2].value, 2.0, 1e-12);
  EXPECT_NEAR(counts[2].high, 700 / 108.1, 1e-9);
  for (const EquivalentCount& count : counts) {
    EXPECT_LT(count.low, count.value) << count.equivalent->id;
    EXPECT_LT(count.value, count.high) << count.equivalent->id;
    EXPECT_GT(std::string(count.equivalent->source).size(), 20U);
  }
}

TEST(TransferEnergy, IsAssumedWithAWideBand) {
  const Figure<Joules> energy = transfer_energy(50'000'000);
  EXPECT_NEAR(to_kwh(energy.value), 0.0057, 1e-12);
  EXPECT_NEAR(to_kwh(energy.low), 0.00005, 1e-12);
  EXPECT_NEAR(to_kwh(energy.high), 0.0405, 1e-12);
  EXPECT_EQ(energy.provenance.kind, ProvenanceKind::kAssumed);
}

}  // namespace
}  // namespace coppice::energy
