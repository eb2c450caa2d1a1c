#include "shared/energy/embodied.h"

#include <gtest/gtest.h>

#include "shared/energy/sci.h"
#include "shared/energy/tables/tables.h"

namespace coppice::energy {
namespace {

constexpr Seconds kHour(3600.0);

TEST(Embodied, EqualsTheSpecificationsWorkedExample) {
  // SCI: "1000 kg with an expected lifespan of 4 years and you reserved use for 1 hr ... around 28 g".
  const Result<Hardware> device = hardware_given(1000.0, 4.0, 1.0);
  ASSERT_TRUE(device.ok()) << device.status().message();
  const Figure<GramsCo2e> m = embodied_emissions(*device, kHour);
  EXPECT_DOUBLE_EQ(m.value.value(), 1000.0 * 1000.0 / (4 * 365 * 24));
  EXPECT_NEAR(m.value.value(), 28.0, 1.0);
  EXPECT_EQ(m.low, m.value);
  EXPECT_EQ(m.high, m.value);
  EXPECT_EQ(m.provenance.kind, ProvenanceKind::kAssumed);
  EXPECT_DOUBLE_EQ(embodied_emissions(*hardware_given(1000.0, 4.0, 0.25), kHour).value.value(), m.value.value() / 4);
  EXPECT_EQ(embodied_emissions(*device, Seconds(0.0)).value, GramsCo2e(0.0));
}

TEST(Embodied, AMachineTypeHasItsShareOfTheWholeHost) {
  const struct {
    const char* type;
    double kg;
    double share;
    double low;
    double high;
  } cases[] = {
      {"n2-standard-8", 1888.46, 8.0 / 128, 8.0 / 128, 8.0 / 128},
      {"n2-highcpu-96", 1311.04, 96.0 / 128, 96.0 / 128, 96.0 / 128},
      {"E2-Standard-32", 1230.46, 1.0, 1.0, 1.0},
      {"e2-micro", 1230.46, 0.25 / 32, 0.25 / 32, 2.0 / 32},
      {"f1-micro", 1577.48, 0.2 / 96, 0.2 / 96, 1.0 / 96},
      {"t2d-standard-60", 1310.92, 1.0, 1.0, 1.0},
      {"a2-highgpu-1g", 5465.5, 12.0 / 96, 1.0 / 16, 12.0 / 96},
      {"a2-highgpu-8g", 5465.5, 1.0, 0.5, 1.0},
      {"a2-megagpu-16g", 5465.5, 1.0, 1.0, 1.0},
      {"m1-megamem-96", 3167.66, 96.0 / 160, 96.0 / 160, 96.0 / 160},
  };
  for (const auto& expected : cases) {
    const Result<Hardware> host = hardware_of_machine_type(expected.type);
    ASSERT_TRUE(host.ok()) << host.status().message();
    EXPECT_EQ(host->total_kg.value, expected.kg) << expected.type;
    EXPECT_DOUBLE_EQ(host->share.value, expected.share) << expected.type;
    EXPECT_DOUBLE_EQ(host->share.low, expected.low) << expected.type;
    EXPECT_DOUBLE_EQ(host->share.high, expected.high) << expected.type;
    const Figure<GramsCo2e> m = embodied_emissions(*host, kHour);
    EXPECT_LT(m.low, m.value);  // six years instead of four
    EXPECT_GT(m.high, m.value);
    EXPECT_NE(host->boundary.find("without network"), std::string::npos);
  }
}

TEST(Embodied, EveryMachineTypeOfTheTableHasAShare) {
  EXPECT_EQ(ccf_hosts().size(), 126U);
  for (const HostRow& row : ccf_hosts()) {
    const Result<Hardware> host = hardware_of_machine_type(row.machine_type);
    ASSERT_TRUE(host.ok()) << row.machine_type;
    EXPECT_GT(host->share.low, 0.0) << row.machine_type;
    EXPECT_LE(host->share.low, host->share.value) << row.machine_type;
    EXPECT_LE(host->share.value, host->share.high) << row.machine_type;
    EXPECT_LE(host->share.high, 1.0) << row.machine_type;
  }
}

TEST(Embodied, DevicesAndServersHaveABand) {
  for (const char* id : {"laptop", "desktop", "phone", "Tablet"}) {
    const Result<Hardware> device = hardware_of_device(id);
    ASSERT_TRUE(device.ok()) << id;
    const Figure<GramsCo2e> m = embodied_emissions(*device, kHour);
    EXPECT_LE(m.low.value(), 0.5 * m.value.value());
    EXPECT_GE(m.high.value(), 2.0 * m.value.value());
    EXPECT_EQ(m.provenance.kind, ProvenanceKind::kAssumed);
  }
  EXPECT_DOUBLE_EQ(hardware_of_server({})->total_kg.value, 1000.0);
  EXPECT_DOUBLE_EQ(hardware_of_server({400.0, 2, 1, 2, 4})->total_kg.value, 1000 + 533 + 100 + 50 + 200 + 600);
}

TEST(Embodied, WhatMakesNoSenseIsRefusedAndSlipsGetNearNames) {
  for (const double kg : {0.0, -1.0, 1e7, std::nan("")}) EXPECT_FALSE(hardware_given(kg, 4, 1).ok()) << kg;
  for (const double years : {0.0, -4.0, 51.0, std::nan("")}) EXPECT_FALSE(hardware_given(1000, years, 1).ok()) << years;
  for (const double share : {0.0, -0.1, 1.01, std::nan("")}) EXPECT_FALSE(hardware_given(1000, 4, share).ok()) << share;
  EXPECT_FALSE(hardware_of_server({0.0}).ok());
  EXPECT_FALSE(hardware_of_server({16.0, 0}).ok());
  EXPECT_NE(hardware_of_machine_type("n2-standard-9").status().message().find("Did you mean n2-standard-"),
            std::string::npos);
  EXPECT_NE(hardware_of_device("laptpo").status().message().find("laptop"), std::string::npos);
}

SciInputs inputs() {
  SciInputs in;
  in.energy = {from_kwh(0.5), from_kwh(0.4), from_kwh(0.8), {ProvenanceKind::kMeasured, "RAPL"}};
  in.intensity = {GramsPerKwh(100), GramsPerKwh(90), GramsPerKwh(120), {ProvenanceKind::kModelled, "table"}};
  in.hardware = *hardware_given(1000.0, 4.0, 0.5);
  in.reserved = kHour;
  in.functional_unit = "1000 reviews";
  in.units = 2.0;
  in.boundary = "one machine";
  return in;
}

TEST(Sci, IsOperationalAndEmbodiedPerUnitWithItsBoundary) {
  const Result<Sci> sci = software_carbon_intensity(inputs());
  ASSERT_TRUE(sci.ok()) << sci.status().message();
  const double m = 1e6 / (4 * 365 * 24) / 2;
  EXPECT_DOUBLE_EQ(sci->operational.value.value(), 50.0);
  EXPECT_DOUBLE_EQ(sci->operational.low.value(), 36.0);
  EXPECT_DOUBLE_EQ(sci->operational.high.value(), 96.0);
  EXPECT_DOUBLE_EQ(sci->embodied.value.value(), m);
  EXPECT_DOUBLE_EQ(sci->score.value.value(), (50.0 + m) / 2);
  EXPECT_DOUBLE_EQ(sci->score.high.value(), (96.0 + m) / 2);
  const OrderedJson json = to_json(inputs(), *sci);
  EXPECT_EQ(json["functional_unit"], "1000 reviews");
  EXPECT_NE(json["boundary"].get<std::string>().find("operational: one machine; embodied: "), std::string::npos);
  EXPECT_NE(json["method"].get<std::string>().find("location-based"), std::string::npos);
}

TEST(Sci, ARateNeedsWhatItIsPer) {
  SciInputs in = inputs();
  in.functional_unit.clear();
  EXPECT_FALSE(software_carbon_intensity(in).ok());
  for (const double units : {0.0, -1.0, std::nan("")}) {
    in = inputs();
    in.units = units;
    EXPECT_FALSE(software_carbon_intensity(in).ok()) << units;
  }
  in = inputs();
  in.energy = {Joules(-1), Joules(-1), Joules(-1), {}};
  EXPECT_FALSE(software_carbon_intensity(in).ok());
}

}  // namespace
}  // namespace coppice::energy
