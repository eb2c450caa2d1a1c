#include "shared/energy/cpu.h"

#include <gtest/gtest.h>

#include "shared/energy/cpu_band.h"

namespace coppice::energy {
namespace {

TEST(CpuMatch, KnowsNamesAsLinuxWritesThem) {
  const struct {
    const char* model;
    const char* name;
    double tdp;
  } cases[] = {
      {"Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz", "Intel Core i7-9700K", 95},
      {"AMD EPYC 7763 64-Core Processor", "AMD EPYC 7763", 280},
      {"AMD Ryzen Threadripper 1950X 16-Core Processor", "AMD Ryzen Threadripper 1950X", 180},
      {"Intel(R) Xeon(R) CPU E5-2620 v3 @ 2.40GHz", "Intel Xeon E5-2620 v3", 85},
      {"intel core i7-9700k", "Intel Core i7-9700K", 95},
      {"Intel\302\256 Core\342\204\242 i7-9700K", "Intel Core i7-9700K", 95},
  };
  for (const auto& expected : cases) {
    const CpuMatch match = match_cpu(expected.model, codecarbon_cpus());
    EXPECT_EQ(match.name.value_or(""), expected.name) << expected.model << " " << match.how;
    ASSERT_TRUE(match.tdp.has_value()) << expected.model;
    EXPECT_EQ(match.tdp->value(), expected.tdp);
  }
}

TEST(CpuMatch, AFamilyNameOrAnUnknownOneIsNoMatch) {
  for (const char* model : {"AMD EPYC", "Frobozz CPU X1", "", "Intel Xeon Processor", "Fast 3280"}) {
    const CpuMatch match = match_cpu(model, codecarbon_cpus());
    EXPECT_FALSE(match.name.has_value()) << model << " -> " << match.name.value_or("");
    EXPECT_FALSE(match.tdp.has_value());
  }
}

TEST(CpuMatch, AmbiguousNamesCarryTheirCandidates) {
  const CpuRow table[] = {{"Acme One 100 fast", 65}, {"Acme One 100 slow", 35}, {"Acme Two 200", 10}};
  const CpuMatch match = match_cpu("Acme One 100", table);
  EXPECT_FALSE(match.name.has_value());
  EXPECT_EQ(match.how, "ambiguous");
  EXPECT_EQ(match.candidates, (std::vector<std::string>{"Acme One 100 fast", "Acme One 100 slow"}));
  EXPECT_EQ(match_cpu("Acme Two 200 8-Core Processor", table).name.value_or(""), "Acme Two 200");
}

TEST(CpuMatch, AnEntryOfZeroWattsHasNoTdp) {
  const CpuMatch match = match_cpu_as_codecarbon("Intel Quark Microcontroller D1000", codecarbon_cpus());
  EXPECT_TRUE(match.name.has_value());
  EXPECT_FALSE(match.tdp.has_value());
}

TEST(CpuPower, BandHoldsTheValueAtEveryLoad) {
  for (double load = 0; load <= 100; load += 0.5) {
    const Figure<Watts> power = cpu_power_modelled(Watts(95), load, "test");
    EXPECT_LE(power.low, power.value) << load;
    EXPECT_LE(power.value, power.high) << load;
    EXPECT_GE(power.value, Watts(9.5));
    EXPECT_LE(power.value, Watts(95.0001));
  }
  EXPECT_LT(band::kLinearLow, 1.0);
  EXPECT_GT(band::kLinearHigh, 1.0);
}

TEST(CpuPower, ChargesOfAllProcessesSumToTheChip) {
  EXPECT_EQ(process_energy_linear(Watts(80), Seconds(16), 16), Joules(80));
  EXPECT_EQ(process_energy_linear(Watts(80), Seconds(0), 16), Joules(0));
  EXPECT_EQ(process_energy_linear(Watts(80), Seconds(2), 0), Joules(160));  // unknown count: one
}

TEST(Microarchitecture, TellsCloudProcessorsApart) {
  EXPECT_EQ(microarchitecture("AuthenticAMD", 25, 17, 1), "EPYC 4th Gen");
  EXPECT_EQ(microarchitecture("AuthenticAMD", 25, 1, 1), "EPYC 3rd Gen");
  EXPECT_EQ(microarchitecture("GenuineIntel", 6, 85, 4), "Skylake");
  EXPECT_EQ(microarchitecture("GenuineIntel", 6, 85, 7), "Cascade Lake");
  EXPECT_EQ(microarchitecture("GenuineIntel", 6, 158, 10), "");
  for (const char* name : {"EPYC 2nd Gen", "EPYC 3rd Gen", "EPYC 4th Gen", "Broadwell", "Skylake", "Cascade Lake",
                           "Ice Lake", "Sapphire Rapids", "Emerald Rapids"}) {
    EXPECT_TRUE(vcpu_coefficients(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace coppice::energy
