#include "native/serve/energy_account.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "tests/unit/energy/fake_system.h"

namespace coppice::serve {
namespace {

using energy::FakeSystem;
using energy::GramsPerKwh;
using energy::Seconds;
using energy::Watts;

// Four hardware threads, 8 GiB of memory, of which this process holds a sixteenth.
void describe_machine(const FakeSystem& system) {
  std::string cpus;
  for (int i = 0; i < 4; ++i) {
    cpus.append("processor\t: ").append(std::to_string(i)).append("\nmodel name\t: Nothing Known\n\n");
  }
  system.write(system.paths.proc / "cpuinfo", cpus);
  system.write(system.paths.proc / "meminfo", "MemTotal:        8388608 kB\n");
  const long pages = (512L << 20) / ::sysconf(_SC_PAGESIZE);
  system.write(system.paths.proc / "self" / "statm", "999999 " + std::to_string(pages) + " 0 0 0 0 0\n");
}

EnergyAccountOptions options_for(const FakeSystem& system) {
  EnergyAccountOptions options;
  options.place.forced = GramsPerKwh(360.0);
  options.pue = 1.2;
  options.cpu_tdp = Watts(40.0);
  options.paths = system.paths;
  return options;
}

TEST(EnergyAccount, ChargesCpuTimeAndTheMemoryHeldByHand) {
  const FakeSystem system;
  describe_machine(system);
  const auto account = EnergyAccount::start(options_for(system));
  ASSERT_TRUE(account.ok()) << account.status().message();
  const WorkEnergy energy = (*account)->energy_of({Seconds(2.0), Seconds(3.0)});
  // 40 W x 2 s / 4 threads; the band is 0.468 to 2.069 times that.
  EXPECT_DOUBLE_EQ(energy.cpu.value.value(), 20.0);
  EXPECT_DOUBLE_EQ(energy.cpu.low.value(), 20.0 * 0.468);
  EXPECT_DOUBLE_EQ(energy.cpu.high.value(), 20.0 * 2.069);
  EXPECT_EQ(energy.cpu.provenance.kind, energy::ProvenanceKind::kModelled);
  // Two modules of 5 W x 3 s / 16; the lower end is 0.3725 W x 8 GB.
  ASSERT_TRUE(energy.ram);
  EXPECT_DOUBLE_EQ(energy.ram->value.value(), 1.875);
  EXPECT_DOUBLE_EQ(energy.ram->low.value(), 0.3725 * 8.0 * 3.0 / 16.0);
  EXPECT_DOUBLE_EQ(energy.total.value.value(), 21.875 * 1.2);
  EXPECT_NEAR(energy.total.low.value(), (9.36 + 0.55875) * 1.2, 1e-12);
  // 26.25 J = 7.2917e-6 kWh, at 360 g/kWh.
  ASSERT_TRUE(energy.carbon);
  EXPECT_NEAR(energy.carbon->value.value(), 0.002625, 1e-12);
  const OrderedJson json = usage_json({Seconds(2.0), Seconds(3.0)}, energy);
  EXPECT_EQ(json["cpu_time_seconds"], 2.0);
  EXPECT_EQ(json["duration_seconds"], 3.0);
  EXPECT_DOUBLE_EQ(json["energy_joules"]["value"].get<double>(), 26.25);
  EXPECT_EQ(json["energy_joules"]["provenance"], "modelled");
  EXPECT_NE(json["energy_joules"]["method"].get<std::string>().find("TDP of 40 W given by the user"),
            std::string::npos);
}

TEST(EnergyAccount, WhatIsNotKnownIsAbsent) {
  const FakeSystem system;
  describe_machine(system);
  std::filesystem::remove(system.paths.proc / "meminfo");
  EnergyAccountOptions options = options_for(system);
  options.place = {};
  const auto account = EnergyAccount::start(options);
  ASSERT_TRUE(account.ok()) << account.status().message();
  const WorkEnergy energy = (*account)->energy_of({Seconds(2.0), Seconds(3.0)});
  EXPECT_FALSE(energy.ram);
  EXPECT_FALSE(energy.carbon);
  EXPECT_DOUBLE_EQ(energy.total.value.value(), 24.0);
  const OrderedJson json = usage_json({Seconds(2.0), Seconds(3.0)}, energy);
  EXPECT_FALSE(json.contains("ram_joules"));
  EXPECT_FALSE(json.contains("carbon_grams_co2e"));
  (*account)->count("m", energy);
  const std::string text = (*account)->prometheus();
  EXPECT_EQ(text.find("co2e"), std::string::npos) << text;
  EXPECT_EQ(text.find("per_kwh"), std::string::npos) << text;
  const OrderedJson without = usage_json({Seconds(2.0), Seconds(3.0)}, std::nullopt);
  EXPECT_EQ(without.size(), 2U);
  options.pue = 0.5;
  EXPECT_FALSE(EnergyAccount::start(options).ok());
  options.pue = 1.0;
  options.place.country = "ATLANTIS";
  EXPECT_FALSE(EnergyAccount::start(options).ok());
}

TEST(EnergyAccount, TotalsHaveTheirProvenanceInLabels) {
  const FakeSystem system;
  describe_machine(system);
  system.zone("intel-rapl:0", "package-0", 1'000'000);
  system.write(system.paths.proc / "stat", "cpu  1000 0 1000 100000 0 0 0 0 0 0\n");
  const auto account = EnergyAccount::start(options_for(system));
  ASSERT_TRUE(account.ok()) << account.status().message();
  for (int i = 0; i < 3; ++i) (*account)->count("m", (*account)->energy_of({Seconds(2.0), Seconds(3.0)}));
  (*account)->count("", (*account)->energy_of({Seconds(0.5), Seconds(0.0)}));
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  system.set_counter("intel-rapl:0", 9'000'000);
  system.write(system.paths.proc / "stat", "cpu  2000 0 2000 101000 0 0 0 0 0 0\n");
  const std::string text = (*account)->prometheus();
  for (const char* line : {
           "# TYPE coppice_answer_energy_joules_total counter\n",
           "coppice_answer_energy_joules_total{stage=\"model\",model=\"m\",provenance=\"modelled\"} 78.75\n",
           "coppice_answer_energy_joules_total{stage=\"request\",model=\"\",provenance=\"modelled\"} 6\n",
           "coppice_answer_carbon_grams_co2e_total{stage=\"model\",model=\"m\",provenance=\"modelled\"} 0.00787",
           "coppice_answer_energy_high_joules_total{",
           "coppice_process_cpu_seconds_total ",
           // The processor by its counter, memory by its model.
           "coppice_process_energy_joules_total{provenance=\"mixed\"} ",
           "coppice_process_carbon_grams_co2e_total{provenance=\"mixed\"} ",
           "coppice_carbon_intensity_grams_per_kwh{place=",
           "coppice_energy_method_info{cpu=\"CPU time x TDP of 40 W given by the user",
       }) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  // Each metric once, its lines together.
  EXPECT_EQ(text.find("# TYPE coppice_answer_energy_joules_total"),
            text.rfind("# TYPE coppice_answer_energy_joules_total"));
}

}  // namespace
}  // namespace coppice::serve
