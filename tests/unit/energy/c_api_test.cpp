// The C interface, linked as another program links it: only the shared library's own symbols are there.
#include "native/energy/c_api/energy.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "shared/base/json.h"

namespace {

// Programs that were compiled against this header rely on it.
static_assert(sizeof(coppice_energy_options) == 88 && offsetof(coppice_energy_options, scope) == 52);
static_assert(offsetof(coppice_energy_options, power_usage_effectiveness) == 80);
static_assert(sizeof(coppice_energy_reading) == 104 && offsetof(coppice_energy_reading, has_carbon) == 64);

coppice_energy_options in_france() {
  coppice_energy_options options{};
  options.size = sizeof options;
  options.country = "FRA";
  return options;
}

void burn() {
  volatile double sum = 0.0;
  for (int i = 1; i < 3'000'000; ++i) sum = sum + 1.0 / i;
}

TEST(EnergyC, TracksPhasesFromStartToFinish) {
  EXPECT_EQ(coppice_energy_abi_version(), COPPICE_ENERGY_ABI_VERSION);
  EXPECT_STREQ(coppice_energy_version(), COPPICE_VERSION);
  const coppice_energy_options options = in_france();
  coppice_energy_tracker* tracker = nullptr;
  ASSERT_EQ(coppice_energy_start(&options, &tracker), COPPICE_ENERGY_OK) << coppice_energy_last_error();
  ASSERT_EQ(coppice_energy_begin_phase(tracker, "one"), COPPICE_ENERGY_OK);
  burn();
  ASSERT_EQ(coppice_energy_begin_phase(tracker, "two"), COPPICE_ENERGY_OK);
  burn();
  ASSERT_EQ(coppice_energy_end_phase(tracker), COPPICE_ENERGY_OK);

  coppice_energy_reading reading{};
  reading.size = sizeof reading;
  ASSERT_EQ(coppice_energy_read(tracker, &reading), COPPICE_ENERGY_OK);
  EXPECT_GT(reading.duration_seconds, 0.0);
  EXPECT_GT(reading.cpu_time_seconds, 0.0);
  ASSERT_EQ(reading.has_energy, 1);
  EXPECT_GT(reading.energy_joules, 0.0);
  EXPECT_LE(reading.energy_low_joules, reading.energy_joules);
  EXPECT_LE(reading.energy_joules, reading.energy_high_joules);
  EXPECT_GE(reading.energy_provenance, COPPICE_ENERGY_MEASURED);
  EXPECT_LE(reading.energy_provenance, COPPICE_ENERGY_MIXED);
  ASSERT_EQ(reading.has_carbon, 1);
  EXPECT_GT(reading.carbon_grams_co2e, 0.0);
  EXPECT_NE(std::string(reading.carbon_method), "");

  // A text handed out stays, whatever is asked later.
  const std::string method = reading.energy_method;
  const char* const kept = reading.energy_method;
  ASSERT_EQ(coppice_energy_read(tracker, &reading), COPPICE_ENERGY_OK);
  EXPECT_EQ(reading.energy_method, kept);
  const char* lines = nullptr;
  ASSERT_EQ(coppice_energy_describe(tracker, &lines), COPPICE_ENERGY_OK);
  EXPECT_EQ(std::string(lines).substr(0, 5), "cpu: ");

  const char* json = nullptr;
  size_t length = 0;
  ASSERT_EQ(coppice_energy_finish(tracker, &json, &length), COPPICE_ENERGY_OK);
  EXPECT_EQ(std::strlen(json), length);
  const coppice::Json report = coppice::Json::parse(json, nullptr, false);
  ASSERT_EQ(report["phases"].size(), 2U);
  EXPECT_EQ(report["phases"][1]["name"], "two");
  const char* again = nullptr;
  ASSERT_EQ(coppice_energy_finish(tracker, &again, nullptr), COPPICE_ENERGY_OK);
  EXPECT_EQ(again, json);
  ASSERT_EQ(coppice_energy_read(tracker, &reading), COPPICE_ENERGY_OK);
  EXPECT_DOUBLE_EQ(reading.energy_joules, report["energy_joules"]["value"].get<double>());
  EXPECT_EQ(std::string(kept), method);
  coppice_energy_destroy(tracker);
  coppice_energy_destroy(nullptr);
}

TEST(EnergyC, WithoutAPlaceCarbonIsAbsent) {
  coppice_energy_tracker* tracker = nullptr;
  ASSERT_EQ(coppice_energy_start(nullptr, &tracker), COPPICE_ENERGY_OK) << coppice_energy_last_error();
  coppice_energy_reading reading{};
  reading.size = sizeof reading;
  ASSERT_EQ(coppice_energy_read(tracker, &reading), COPPICE_ENERGY_OK);
  EXPECT_EQ(reading.has_carbon, 0);
  EXPECT_EQ(reading.carbon_method, nullptr);
  coppice_energy_destroy(tracker);
}

TEST(EnergyC, OptionsReachTheTracker) {
  coppice_energy_options options{};
  options.size = sizeof options;
  options.has_intensity = 1;
  options.intensity_grams_per_kwh = 0.0;  // a given intensity of 0 is one
  options.cpu_tdp_watts = 42.0;
  options.power_usage_effectiveness = 2.0;
  options.scope = COPPICE_ENERGY_SCOPE_MACHINE;
  coppice_energy_tracker* tracker = nullptr;
  ASSERT_EQ(coppice_energy_start(&options, &tracker), COPPICE_ENERGY_OK) << coppice_energy_last_error();
  const char* text = nullptr;
  ASSERT_EQ(coppice_energy_finish(tracker, &text, nullptr), COPPICE_ENERGY_OK);
  const coppice::Json report = coppice::Json::parse(text, nullptr, false);
  EXPECT_EQ(report["scope"], "machine");
  EXPECT_EQ(report["pue"], 2.0);
  EXPECT_EQ(report["intensity"]["intensity_g_per_kwh"], 0.0);
  coppice_energy_destroy(tracker);
}

TEST(EnergyC, MistakesAreStatusesWithATextAndChangeNothing) {
  auto* const untouched = reinterpret_cast<coppice_energy_tracker*>(&burn);
  coppice_energy_tracker* tracker = untouched;
  coppice_energy_options options = in_france();
  options.country = "ATLANTIS";
  EXPECT_EQ(coppice_energy_start(&options, &tracker), COPPICE_ENERGY_NOT_FOUND);
  EXPECT_NE(std::string(coppice_energy_last_error()).find("ATLANTIS"), std::string::npos);
  options = in_france();
  options.scope = 7;
  EXPECT_EQ(coppice_energy_start(&options, &tracker), COPPICE_ENERGY_INVALID_USAGE);
  options = in_france();
  options.power_usage_effectiveness = 0.5;
  EXPECT_EQ(coppice_energy_start(&options, &tracker), COPPICE_ENERGY_INVALID_USAGE);
  for (const int64_t pid : {int64_t{999'999'999}, int64_t{-5}, int64_t{1} << 40}) {
    options = in_france();
    options.process_id = pid;
    EXPECT_EQ(coppice_energy_start(&options, &tracker), COPPICE_ENERGY_NOT_FOUND) << pid;
  }
  options = in_france();
  options.process_id = 1;
  options.scope = COPPICE_ENERGY_SCOPE_MACHINE;
  EXPECT_EQ(coppice_energy_start(&options, &tracker), COPPICE_ENERGY_INVALID_USAGE);
  EXPECT_EQ(tracker, untouched);

  EXPECT_EQ(coppice_energy_start(&options, nullptr), COPPICE_ENERGY_INVALID_USAGE);
  EXPECT_EQ(coppice_energy_begin_phase(nullptr, "x"), COPPICE_ENERGY_INVALID_USAGE);
  EXPECT_EQ(coppice_energy_end_phase(nullptr), COPPICE_ENERGY_INVALID_USAGE);
  EXPECT_EQ(coppice_energy_read(nullptr, nullptr), COPPICE_ENERGY_INVALID_USAGE);
  EXPECT_EQ(coppice_energy_describe(nullptr, nullptr), COPPICE_ENERGY_INVALID_USAGE);
  EXPECT_EQ(coppice_energy_finish(nullptr, nullptr, nullptr), COPPICE_ENERGY_INVALID_USAGE);
  EXPECT_STREQ(coppice_energy_last_error(), "coppice_energy_finish: tracker is NULL");
  ASSERT_EQ(coppice_energy_start(nullptr, &tracker), COPPICE_ENERGY_OK);
  EXPECT_EQ(coppice_energy_begin_phase(tracker, nullptr), COPPICE_ENERGY_INVALID_USAGE);
  EXPECT_EQ(coppice_energy_read(tracker, nullptr), COPPICE_ENERGY_INVALID_USAGE);
  coppice_energy_destroy(tracker);
}

// A program compiled with an older or a later header.
TEST(EnergyC, StructsMayBeShorterAndLonger) {
  coppice_energy_tracker* tracker = nullptr;
  coppice_energy_options options = in_france();
  options.scope = 7;  // beyond what an older caller has: not read
  options.size = offsetof(coppice_energy_options, intensity_grams_per_kwh);
  ASSERT_EQ(coppice_energy_start(&options, &tracker), COPPICE_ENERGY_OK) << coppice_energy_last_error();

  coppice_energy_reading reading;
  std::memset(&reading, 0x55, sizeof reading);
  reading.size = offsetof(coppice_energy_reading, has_carbon);
  ASSERT_EQ(coppice_energy_read(tracker, &reading), COPPICE_ENERGY_OK);
  EXPECT_EQ(reading.size, offsetof(coppice_energy_reading, has_carbon));
  EXPECT_GE(reading.duration_seconds, 0.0);
  EXPECT_EQ(reading.has_carbon, 0x55555555);  // no room for it: not written
  struct Later {
    coppice_energy_reading known;
    double added;
  } later;
  std::memset(&later, 0x55, sizeof later);
  later.known.size = sizeof later;
  ASSERT_EQ(coppice_energy_read(tracker, &later.known), COPPICE_ENERGY_OK);
  EXPECT_EQ(later.known.has_carbon, 1);
  EXPECT_EQ(later.added, 0.0);  // this version knows no such thing
  for (const size_t size : {size_t{0}, size_t{4}, size_t{1} << 40}) {
    reading.size = size;
    EXPECT_EQ(coppice_energy_read(tracker, &reading), COPPICE_ENERGY_INVALID_USAGE) << size;
  }
  coppice_energy_destroy(tracker);

  struct LaterOptions {
    coppice_energy_options known;
    double added;
  } more{in_france(), 0.0};
  more.known.size = sizeof more;
  ASSERT_EQ(coppice_energy_start(&more.known, &tracker), COPPICE_ENERGY_OK) << coppice_energy_last_error();
  coppice_energy_destroy(tracker);
  more.added = 1.0;
  EXPECT_EQ(coppice_energy_start(&more.known, &tracker), COPPICE_ENERGY_UNSUPPORTED);
  options = in_france();
  options.size = 0;
  EXPECT_EQ(coppice_energy_start(&options, &tracker), COPPICE_ENERGY_INVALID_USAGE);
}

TEST(EnergyC, IsUsedByManyThreadsAtOnce) {
  coppice_energy_tracker* tracker = nullptr;
  const coppice_energy_options options = in_france();
  ASSERT_EQ(coppice_energy_start(&options, &tracker), COPPICE_ENERGY_OK);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([tracker] {
      EXPECT_STREQ(coppice_energy_last_error(), "");  // each thread has its own
      for (int round = 0; round < 20; ++round) {
        coppice_energy_reading reading{};
        reading.size = sizeof reading;
        EXPECT_EQ(coppice_energy_begin_phase(tracker, "x"), COPPICE_ENERGY_OK);
        EXPECT_EQ(coppice_energy_read(tracker, &reading), COPPICE_ENERGY_OK);
        EXPECT_NE(std::strlen(reading.energy_method), 0U);
      }
      const char* json = nullptr;
      EXPECT_EQ(coppice_energy_finish(tracker, &json, nullptr), COPPICE_ENERGY_OK);
      EXPECT_EQ(coppice_energy_begin_phase(tracker, nullptr), COPPICE_ENERGY_INVALID_USAGE);
      EXPECT_NE(std::string(coppice_energy_last_error()), "");
    });
  }
  for (std::thread& thread : threads) thread.join();
  coppice_energy_destroy(tracker);
}

}  // namespace
