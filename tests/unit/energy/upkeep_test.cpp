#include "shared/energy/upkeep.h"

#include <gtest/gtest.h>

#include <cmath>

namespace coppice::energy {
namespace {

UpkeepInputs made_inputs() {
  UpkeepInputs inputs;
  inputs.traffic.requests_per_month = 36000.0;
  inputs.traffic.seconds_per_request = 0.2;
  inputs.traffic.concurrency = 2.0;
  inputs.traffic.starts_per_month = 10.0;
  inputs.instance.memory_gib = 0.0;
  inputs.instance.min_instances = 1.0;
  inputs.repository.image_bytes = 40e6;
  inputs.repository.versions_kept = 5.0;
  inputs.rebuilds = {2.0, 600.0, 0.0};
  inputs.retraining.per_month = 0.5;
  inputs.retraining.energy_each =
      Figure<Joules>{Joules(1000.0), Joules(500.0), Joules(3000.0), {ProvenanceKind::kMeasured, "RAPL"}};
  inputs.site.pue = 1.5;
  const GramsPerKwh grid(360.0);
  inputs.site.intensity = {grid, grid, grid, {ProvenanceKind::kAssumed, "given"}};
  return inputs;
}

TEST(Upkeep, EachItemIsItsFormula) {
  const auto upkeep = monthly_upkeep(made_inputs());
  ASSERT_TRUE(upkeep.ok()) << upkeep.status().message();
  ASSERT_EQ(upkeep->items.size(), 6U);
  const double half_load = (0.68 + 4.11) / 2.0;
  const double expected[] = {3600.0 * half_load * 1.5,                              // 3600 busy seconds
                             10.0 * 900.0 * 0.68 * 1.5,                             // waiting, at idle
                             (730.0 * 3600.0 - 3600.0) * 0.68 * 1.5,                // the rest of the month
                             40e6 * 5.0 / 1e12 * 1.2 * 3.0 * 730.0 * 3600.0 * 1.5,  // three copies on SSD
                             1200.0 * half_load * 1.5,
                             500.0};
  double sum = 0.0;
  for (size_t i = 0; i < 6; ++i) {
    const UpkeepItem& item = upkeep->items[i];
    EXPECT_NEAR(item.energy.value.value(), expected[i], 1e-6 * expected[i]) << item.name;
    EXPECT_NEAR(item.operational.value.value(), expected[i] / 3.6e6 * 360.0, 1e-6 * expected[i]) << item.name;
    EXPECT_LE(item.energy.low, item.energy.value) << item.name;
    EXPECT_GE(item.energy.high, item.energy.value) << item.name;
    sum += expected[i];
  }
  EXPECT_NEAR(upkeep->total.energy.value.value(), sum, 1e-6 * sum);
  EXPECT_EQ(upkeep->total.energy.provenance.kind, ProvenanceKind::kMixed);
  EXPECT_EQ(upkeep->items[5].energy.provenance.kind, ProvenanceKind::kMeasured);
  double shares = 0.0;
  const OrderedJson json = to_json(*upkeep);
  for (const OrderedJson& item : json["items"]) shares += item["share"].get<double>();
  EXPECT_NEAR(shares, 1.0, 1e-12);
}

TEST(Upkeep, NothingServedCostsWhatIsStored) {
  UpkeepInputs inputs = made_inputs();
  inputs.traffic = {};
  inputs.instance.min_instances = 0.0;
  inputs.rebuilds = {};
  inputs.retraining = {};
  const auto upkeep = monthly_upkeep(inputs);
  ASSERT_TRUE(upkeep.ok());
  EXPECT_EQ(upkeep->total.energy.value, upkeep->items[3].energy.value);
  inputs.repository = {};
  EXPECT_TRUE(to_json(*monthly_upkeep(inputs))["total"]["share"].is_null());
}

TEST(Upkeep, WarmInstancesThatAreAlwaysBusyAreCountedOnce) {
  UpkeepInputs inputs = made_inputs();
  inputs.traffic.requests_per_month = 1e9;
  EXPECT_EQ(monthly_upkeep(inputs)->items[2].energy.value.value(), 0.0);
}

TEST(Upkeep, InputsThatMakeNoSenseAreNamed) {
  const auto message = [](auto change) {
    UpkeepInputs inputs = made_inputs();
    change(inputs);
    const auto upkeep = monthly_upkeep(inputs);
    return upkeep.ok() ? std::string() : upkeep.status().message();
  };
  EXPECT_NE(message([](UpkeepInputs& in) { in.traffic.requests_per_month = -1; }).find("requests_per_month"),
            std::string::npos);
  EXPECT_NE(message([](UpkeepInputs& in) { in.repository.image_bytes = NAN; }).find("image_bytes"), std::string::npos);
  EXPECT_NE(message([](UpkeepInputs& in) { in.traffic.concurrency = 0.5; }).find("concurrency"), std::string::npos);
  EXPECT_NE(message([](UpkeepInputs& in) { in.retraining.energy_each.reset(); }).find("run record"), std::string::npos);
  EXPECT_NE(message([](UpkeepInputs& in) { in.host.utilisation = 2; }).find("utilisation"), std::string::npos);
  EXPECT_NE(message([](UpkeepInputs& in) { in.site.pue = 0.5; }).find("--pue"), std::string::npos);
}

TEST(Upkeep, TheUnknownHostsMakingIsARangeOverFamilies) {
  const Hardware host = hardware_of_unknown_vcpu();
  EXPECT_LT(host.total_kg.low, host.total_kg.value);
  EXPECT_GT(host.total_kg.high, host.total_kg.value);
  EXPECT_NEAR(host.total_kg.low, 2321.46 / 224.0, 1e-9);                            // n2d
  EXPECT_NEAR(host.total_kg.high, 1230.46 / 32.0, 1e-9);                            // e2
  EXPECT_NEAR(host.total_kg.value, (1677.48 / 96.0 + 1310.92 / 60.0) / 2.0, 1e-9);  // n1 and t2d, in the middle of six
}

}  // namespace
}  // namespace coppice::energy
