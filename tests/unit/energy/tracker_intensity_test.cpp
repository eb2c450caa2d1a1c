// The tracker's carbon: a live intensity that changes on the way, embodied carbon beside it, tables of the user's.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "native/energy/tracker.h"
#include "tests/unit/energy/fake_system.h"

namespace coppice::energy {
namespace {

Intensity live_value(double grams, const std::string& as_of) {
  Intensity intensity{GramsPerKwh(grams), Resolved::kLive, "FR", "Electricity Maps, " + as_of, 2026, ""};
  intensity.live = LiveDetails{"FR", as_of, false, "", "lifecycle"};
  return intensity;
}

void wait_until(const std::function<bool()>& done) {
  for (int i = 0; i < 500 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

class TrackerIntensity : public testing::Test {
 protected:
  TrackerIntensity() {
    system_.zone("intel-rapl:0", "package-0", 0);
    options_.paths = system_.paths;
    options_.scope = Scope::kMachine;
    options_.sampling_period = Seconds(0.01);
  }
  FakeSystem system_;
  TrackerOptions options_;
};

TEST_F(TrackerIntensity, EnergyIsChargedAtTheIntensityInForceWhileItWasUsed) {
  std::atomic<int> asked = 0;
  options_.intensity = live_value(100.0, "2026-11-24T09:00:00.000Z");
  options_.intensity_period = Seconds(0.05);
  // The second answer says the same moment, which is nothing new; the third is a new value.
  options_.refresh_intensity = [&]() -> Result<Intensity> {
    const int count = ++asked;
    if (count == 1) return live_value(100.0, "2026-11-24T09:00:00.000Z");
    if (count == 2) {
      system_.set_counter("intel-rapl:0", 36'000'000);  // 36 J under the first value
      return live_value(500.0, "2026-11-24T10:00:00.000Z");
    }
    return failed("no network");
  };
  auto tracker = EnergyTracker::start(options_);
  ASSERT_TRUE(tracker.ok()) << tracker.status().message();
  wait_until([&] { return asked >= 3; });
  system_.set_counter("intel-rapl:0", 72'000'000);  // and 36 J under the second
  const EnergyReport report = (*tracker)->finish();
  ASSERT_EQ(asked, 3);
  ASSERT_EQ(report.intensities.size(), 2U);
  EXPECT_EQ(report.intensities[0].from, Seconds(0.0));
  EXPECT_EQ(report.intensities[1].intensity.value, GramsPerKwh(500.0));
  // The machine told of no memory: the counter is all there is.
  ASSERT_TRUE(report.total.emissions.has_value());
  EXPECT_NEAR(report.total.emissions->value.value(), 1e-5 * 100.0 + 1e-5 * 500.0, 1e-6);
  EXPECT_NEAR(report.intensity->value.value(), 300.0, 1e-3);
  EXPECT_NE(report.intensity->note.find("mean by energy of 2 values"), std::string::npos);
  const OrderedJson json = to_json(report);
  EXPECT_EQ(json["intensities"][1]["as_of"], "2026-11-24T10:00:00.000Z");
  EXPECT_LE(json["carbon_grams_co2e"]["low"].get<double>(), json["carbon_grams_co2e"]["value"].get<double>());
  EXPECT_LE(json["carbon_grams_co2e"]["value"].get<double>(), json["carbon_grams_co2e"]["high"].get<double>());
  bool told = false;
  for (const std::string& note : report.notes) told = told || note.find("no network") != std::string::npos;
  EXPECT_TRUE(told);
}

TEST_F(TrackerIntensity, ANetworkThatStaysAwayIsOneNoteHoweverOftenItWasTried) {
  std::atomic<int> asked = 0;
  options_.intensity = live_value(100.0, "a");
  options_.intensity_period = Seconds(0.02);
  options_.refresh_intensity = [&]() -> Result<Intensity> {
    return failed("no network, try " + std::to_string(++asked));
  };
  auto tracker = EnergyTracker::start(options_);
  ASSERT_TRUE(tracker.ok());
  wait_until([&] { return asked >= 3; });
  const EnergyReport report = (*tracker)->finish();
  std::vector<std::string> about;
  for (const std::string& note : report.notes) {
    if (note.find("no network") != std::string::npos) about.push_back(note);
  }
  ASSERT_EQ(about.size(), 1U);
  const std::string times = std::to_string(asked);
  EXPECT_NE(about[0].find(" " + times + " times"), std::string::npos) << about[0];
  EXPECT_NE(about[0].find("try " + times), std::string::npos) << about[0];
}

TEST_F(TrackerIntensity, APhaseAcrossTheChangeIsSplitThere) {
  std::atomic<bool> changed = false;
  options_.intensity = live_value(100.0, "a");
  options_.intensity_period = Seconds(0.05);
  options_.refresh_intensity = [&]() -> Result<Intensity> {
    if (changed.exchange(true)) return live_value(200.0, "b");
    system_.set_counter("intel-rapl:0", 36'000'000);
    return live_value(200.0, "b");
  };
  auto tracker = EnergyTracker::start(options_);
  ASSERT_TRUE(tracker.ok());
  (*tracker)->begin_phase("all");
  wait_until([&] { return changed.load(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  (*tracker)->begin_phase("after");
  system_.set_counter("intel-rapl:0", 54'000'000);
  const EnergyReport report = (*tracker)->finish();
  ASSERT_EQ(report.phases.size(), 2U);
  EXPECT_NEAR(report.phases[0].total.emissions->value.value(), 0.001, 1e-6);
  EXPECT_NEAR(report.phases[1].total.emissions->value.value(), 0.001, 1e-6);
}

TEST_F(TrackerIntensity, EmbodiedCarbonStandsApart) {
  options_.place.country = "FRA";
  options_.hardware = *hardware_of_machine_type("n2-standard-8");
  auto tracker = EnergyTracker::start(options_);
  ASSERT_TRUE(tracker.ok());
  system_.set_counter("intel-rapl:0", 36'000'000);
  const EnergyReport report = (*tracker)->finish();
  const OrderedJson json = to_json(report);
  const double expected = 1888.46 * 1000 / 16 * report.total.duration.value() / (4 * kSecondsPerYear);
  EXPECT_NEAR(json["embodied_grams_co2e"]["value"].get<double>(), expected, 1e-9);
  EXPECT_NE(json["embodied_grams_co2e"]["boundary"].get<std::string>(), "");
  // In no sum: the electricity's carbon is what it is without it.
  EXPECT_DOUBLE_EQ(json["carbon_grams_co2e"]["value"].get<double>(),
                   (report.total.energy->value * report.intensity->value).value());
}

TEST_F(TrackerIntensity, WithoutHardwareOrPlaceNeitherIsTold) {
  auto tracker = EnergyTracker::start(options_);
  ASSERT_TRUE(tracker.ok());
  const OrderedJson json = to_json((*tracker)->finish());
  for (const char* member : {"embodied_grams_co2e", "carbon_grams_co2e", "intensity", "intensities"}) {
    EXPECT_FALSE(json.contains(member)) << member;
  }
}

}  // namespace
}  // namespace coppice::energy
