// What a visitor chooses, as events on a whole comparison.
#include "shared/compare/choices.h"

#include "shared/compare/messages.h"
#include "tests/unit/compare/fixture.h"

namespace coppice::compare {
namespace {

const char* const kOperations = R"(,"energy":{"inference":[{"tokens":6,"energy_joules":{"value":2,"low":1,"high":4,
  "provenance":"measured","method":"RAPL"},"median_milliseconds":3}]})";

// Both models timed once: dense 10 ms, small 4 ms.
void finish(Driver& driver) {
  driver.describe(manifest_text("dense", 2000, kOperations), manifest_text("small", 1000, kOperations));
  ASSERT_TRUE(driver.comparison.set_repeats(3).ok());
  driver.comparison.set_text("A good film.");
  ASSERT_TRUE(driver.comparison.start().ok());
  for (int i = 0; i < 40; ++i) {
    for (const Request& request : driver.take()) {
      if (request.kind == RequestKind::kLoad) driver.comparison.loaded(request.id, true);
      if (request.kind == RequestKind::kRun) {
        driver.comparison.run_done(request.id, {0, 1}, request.model == "dense" ? 10 : 4);
      }
    }
  }
  ASSERT_EQ(driver.comparison.state().phase, RunPhase::kDone);
}

Status event(Driver& driver, const std::string& json) { return apply_event(json, driver.comparison); }

TEST(Choices, AnotherBaselineTurnsTheRatiosRound) {
  Driver driver;
  finish(driver);
  EXPECT_FALSE(driver.row(0).against_baseline);
  EXPECT_DOUBLE_EQ(driver.row(1).against_baseline->ratio, 0.4);
  ASSERT_TRUE(event(driver, R"({"type":"choose","what":"baseline","value":"small"})").ok());
  EXPECT_FALSE(driver.row(1).against_baseline);
  EXPECT_DOUBLE_EQ(driver.row(0).against_baseline->ratio, 2.5);
  EXPECT_NE(driver.comparison.state().headline.find("dense takes 150 % more time than small"), std::string::npos)
      << driver.comparison.state().headline;
}

TEST(Choices, EachMethodGivesItsOwnFigure) {
  Driver driver;
  finish(driver);
  EXPECT_DOUBLE_EQ(driver.row(0).estimate->energy.value.value(), 0.75);  // 10 ms of a laptop's 75 W
  ASSERT_TRUE(event(driver, R"({"type":"choose","what":"method","value":"operations"})").ok());
  EXPECT_NEAR(driver.row(0).estimate->energy.value.value(), 1000 * 33.55e-12, 1e-20);  // 1,000 FLOPs at 6 tokens
  ASSERT_TRUE(event(driver, R"({"type":"choose","what":"method","value":"shipped"})").ok());
  EXPECT_DOUBLE_EQ(driver.row(0).estimate->energy.value.value(), 2);
  EXPECT_EQ(driver.row(0).estimate->energy.provenance.kind, energy::ProvenanceKind::kMeasured);
}

TEST(Choices, TheZoneIsAGuessThatAChoiceEnds) {
  Driver driver;
  ASSERT_TRUE(event(driver, R"({"type":"time_zone","value":"Europe/Paris"})").ok());
  EXPECT_EQ(driver.comparison.state().grid_id, "FRA");
  EXPECT_TRUE(driver.comparison.state().choices.grid_is_guess);
  ASSERT_TRUE(event(driver, R"({"type":"grid","value":"SWE"})").ok());
  EXPECT_FALSE(driver.comparison.state().choices.grid_is_guess);
  ASSERT_TRUE(event(driver, R"({"type":"time_zone","value":"Asia/Tokyo"})").ok());
  EXPECT_EQ(driver.comparison.state().grid_id, "SWE");
}

TEST(Choices, AZoneThatIsNoPlaceLeavesTheWorld) {
  Driver driver;
  for (const char* zone : {"UTC", "Antarctica/Troll", "Nowhere/Else"}) {
    driver.comparison.tell_time_zone(zone);
    EXPECT_EQ(driver.comparison.state().grid_id, "WORLD") << zone;
    EXPECT_FALSE(driver.comparison.state().choices.grid_is_guess);
  }
}

TEST(Choices, RefuseWhatThereIsNot) {
  Driver driver;
  driver.describe();
  const uint64_t revision = driver.comparison.state().revision;
  for (const char* json :
       {R"({"type":"choose","what":"layout","value":"pile"})", R"({"type":"choose","what":"sort","value":"beauty"})",
        R"({"type":"choose","what":"axis","value":""})", R"({"type":"choose","what":"method","value":"guess"})",
        R"({"type":"choose","what":"baseline","value":"nobody"})", R"({"type":"choose","what":"mood","value":"x"})",
        R"({"type":"choose","what":"layout"})", R"({"type":"reviews","value":0})", R"({"type":"reviews","value":-1})",
        R"({"type":"reviews","value":2000000000000})", R"({"type":"time_zone","value":7})"}) {
    EXPECT_FALSE(event(driver, json).ok()) << json;
  }
  EXPECT_EQ(driver.comparison.state().revision, revision);
}

TEST(Calibration, IsAskedForAndWidensTheBandByAStepOfTheClock) {
  Driver driver;
  finish(driver);
  const double before = driver.row(0).estimate->energy.high.value();
  ASSERT_TRUE(event(driver, R"({"type":"calibrate"})").ok());
  EXPECT_TRUE(driver.comparison.state().calibrating);
  const std::vector<Request> requests = driver.take();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].kind, RequestKind::kCalibrate);
  const std::string id = std::to_string(requests[0].id);
  for (const char* broken : {R"("mflops":[])", R"("mflops":[1,"x"])", R"("mflops":[0])", R"("mflops":7)"}) {
    EXPECT_FALSE(event(driver, R"({"type":"calibrated","id":)" + id +
                                   R"(,"clock_step_ms":1,"threads":1,"isolated":true,)" + broken + "}")
                     .ok())
        << broken;
  }
  EXPECT_FALSE(event(driver, R"({"type":"calibrated","id":)" + id +
                                 R"(,"clock_step_ms":0,"threads":1,"isolated":true,"mflops":[1]})")
                   .ok());
  ASSERT_TRUE(event(driver, R"({"type":"calibrated","id":)" + id +
                                R"(,"clock_step_ms":1,"threads":2,"isolated":true,"mflops":[2000,2200,2100]})")
                  .ok());
  EXPECT_FALSE(driver.comparison.state().calibrating);
  EXPECT_DOUBLE_EQ(driver.comparison.state().calibration->mflops, 2100);
  EXPECT_DOUBLE_EQ(driver.comparison.state().calibration->mflops_range.low, 2000);
  EXPECT_NEAR(driver.row(0).estimate->energy.high.value() - before, 0.001 * 100, 1e-12);  // a step at the most watts
}

TEST(Calibration, AFailureIsANoticeAndNoModelsFault) {
  Driver driver;
  finish(driver);
  ASSERT_TRUE(driver.comparison.calibrate().ok());
  driver.comparison.request_failed(driver.take()[0].id, "no clock");
  EXPECT_FALSE(driver.comparison.state().calibrating);
  EXPECT_EQ(driver.comparison.state().notices.back(), "This device could not be calibrated: no clock");
  EXPECT_TRUE(driver.comparison.state().catalog_problem.empty());
  ASSERT_TRUE(driver.comparison.calibrate().ok());
  driver.comparison.runtime_lost("the worker stopped.");
  EXPECT_FALSE(driver.comparison.state().calibrating);
  EXPECT_EQ(driver.row(0).phase, ModelPhase::kOffered);
}

TEST(Calibration, WaitsForAComparison) {
  Driver driver;
  driver.start_loaded();
  EXPECT_FALSE(driver.comparison.calibrate().ok());
}

}  // namespace
}  // namespace coppice::compare
