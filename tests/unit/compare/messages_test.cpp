#include "shared/compare/messages.h"

#include <gtest/gtest.h>

#include "shared/base/json.h"
#include "tests/unit/compare/fixture.h"

namespace coppice::compare {
namespace {

Json parsed(const std::string& text) {
  Result<Json> json = parse_json(text, "test");
  EXPECT_TRUE(json.ok()) << text;
  return json.ok() ? *json : Json();
}

TEST(RequestJson, CarriesWhatItsKindNeeds) {
  Request request;
  request.id = 7;
  request.kind = RequestKind::kRun;
  request.model = "dense";
  request.input_ids = {101, 2307, 102};
  EXPECT_EQ(to_json(request), R"({"id":7,"kind":"run","model":"dense","input_ids":[101,2307,102]})");
  Driver driver;
  EXPECT_EQ(to_json(driver.take().at(0)), R"({"id":1,"kind":"fetch","model":"","path":"catalog.json"})");
}

TEST(ApplyEvent, DrivesAWholeComparison) {
  Driver driver;
  const Request run = driver.start_loaded();
  ASSERT_TRUE(apply_event(R"({"type":"repeats","value":1})", driver.comparison).ok());
  ASSERT_TRUE(
      apply_event(R"({"type":"runtime","name":"ONNX Runtime Web","version":"1.30.0","backend":"WASM","threads":1,
    "isolated":false})",
                  driver.comparison)
          .ok());
  ASSERT_TRUE(apply_event(R"({"type":"run_done","id":)" + std::to_string(run.id) +
                              R"(,"logits":[-0.5,1.5],"milliseconds":12.5})",
                          driver.comparison)
                  .ok());
  const Json view = parsed(view_json(driver.comparison.state()));
  ASSERT_TRUE(view["models"][1].contains("label")) << view;  // the smaller model ran first
  EXPECT_EQ(view["models"][1]["label"], "positive");
  EXPECT_EQ(view["models"][1]["warm_up_ms"], 12.5);
  EXPECT_EQ(view["models"][1]["text"]["verdict"], "positive");
  EXPECT_EQ(view["models"][1]["text"]["tokens"], "6");
  EXPECT_EQ(view["models"][1]["text"]["accuracy"], "93.0 % (92.7 % to 93.3 %)");
  EXPECT_EQ(view["runtime"]["threads"], 1);
  EXPECT_EQ(view["phase"], "warming_up");
  for (const Json& column : view["columns"]) {
    EXPECT_TRUE(view["models"][1]["text"].contains(column["key"].get<std::string>())) << column;
  }
}

TEST(ApplyEvent, MalformedEventsChangeNothing) {
  Driver driver;
  driver.describe();
  const uint64_t revision = driver.comparison.state().revision;
  for (const char* event : {
           "",
           "[]",
           "{}",
           "{\"type\":7}",
           R"({"type":"dance"})",
           R"({"type":"run_done","id":1,"logits":[1],"milliseconds":2})",
           R"({"type":"run_done","id":1,"logits":[1,"x"],"milliseconds":2})",
           R"({"type":"loaded","id":"x","stored":true})",
           R"({"type":"repeats","value":0})",
           R"({"type":"repeats","value":99999999999999})",
           R"({"type":"device","value":"x"})",
       }) {
    const Status status = apply_event(event, driver.comparison);
    EXPECT_FALSE(status.ok()) << event;
    EXPECT_FALSE(status.message().empty()) << event;
  }
  EXPECT_EQ(driver.comparison.state().revision, revision);
}

TEST(ChoicesJson, ListsDevicesAndGrids) {
  const Json choices = parsed(choices_json());
  EXPECT_EQ(choices["devices"][0]["id"], "laptop");
  EXPECT_EQ(choices["grids"][0]["id"], "WORLD");
}

}  // namespace
}  // namespace coppice::compare
