#include "shared/energy/figure.h"

#include <gtest/gtest.h>

#include <type_traits>

#include "shared/energy/device.h"
#include "shared/energy/ram.h"

namespace coppice::energy {
namespace {

static_assert(std::is_same_v<decltype(Watts(1.0) * Seconds(1.0)), Joules>);
static_assert(!std::is_convertible_v<double, Joules>);
static_assert(!std::is_convertible_v<Watts, Joules>);

TEST(Units, OneKilowattHourIsExactly3600000Joules) {
  EXPECT_EQ(from_kwh(1.0), Joules(3'600'000.0));
  EXPECT_EQ(to_kwh(Joules(3'600'000.0)), 1.0);
  EXPECT_EQ(Watts(1000.0) * Seconds(3600.0), from_kwh(1.0));
  EXPECT_EQ(from_kwh(2.0) * GramsPerKwh(56.0), GramsCo2e(112.0));
}

TEST(Figure, ASumOfMeasuredAndModelledSaysSo) {
  const Figure<Joules> cpu{Joules(10), Joules(9), Joules(11), {ProvenanceKind::kMeasured, "RAPL package-0"}};
  const Figure<Joules> ram{Joules(4), Joules(2), Joules(5), {ProvenanceKind::kModelled, "2 modules"}};
  const Figure<Joules> sum = cpu + ram;
  EXPECT_EQ(sum.value, Joules(14));
  EXPECT_EQ(sum.low, Joules(11));
  EXPECT_EQ(sum.high, Joules(16));
  EXPECT_EQ(sum.provenance.kind, ProvenanceKind::kMixed);
  EXPECT_EQ(sum.provenance.method, "measured: RAPL package-0 + modelled: 2 modules");
  EXPECT_EQ((cpu + cpu).provenance.method, "RAPL package-0");
  EXPECT_EQ((sum + ram).provenance.method, sum.provenance.method);
  const OrderedJson json = to_json(sum);
  EXPECT_EQ(json["provenance"], "mixed");
  EXPECT_EQ(json["high"], 16.0);
}

TEST(Device, AssumesWattsAndSaysSo) {
  ASSERT_FALSE(device_presets().empty());
  EXPECT_STREQ(device_presets().front().id, "laptop");
  const DevicePreset* phone = find_device("phone");
  ASSERT_NE(phone, nullptr);
  const Figure<Joules> energy = device_energy(*phone, Seconds(10.0));
  EXPECT_EQ(energy.value, Joules(10.0));
  EXPECT_EQ(energy.low, Joules(5.0));
  EXPECT_EQ(energy.high, Joules(30.0));
  EXPECT_EQ(energy.provenance.kind, ProvenanceKind::kAssumed);
  EXPECT_EQ(find_device("toaster"), nullptr);
  for (const DevicePreset& preset : device_presets()) {
    EXPECT_LE(preset.low, preset.power) << preset.id;
    EXPECT_LE(preset.power, preset.high) << preset.id;
  }
}

TEST(Ram, BandHoldsTheValue) {
  for (const double gb : {0.5, 8.0, 64.0, 512.0, 4096.0}) {
    const Figure<Watts> power = ram_power_modelled(gb, false);
    EXPECT_LE(power.low, power.value) << gb;
    EXPECT_LE(power.value, power.high) << gb;
    EXPECT_EQ(power.value, ram_power(gb, false)) << gb;
  }
  EXPECT_EQ(ram_power(1.0, true), Watts(3.0));
  EXPECT_EQ(dimm_count(5000.0), 32);
}

}  // namespace
}  // namespace coppice::energy
