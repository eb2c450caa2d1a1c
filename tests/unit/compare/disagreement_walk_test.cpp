#include "shared/compare/disagreement_walk.h"

#include <gtest/gtest.h>

#include "tests/unit/compare/side_fixture.h"

namespace coppice::compare {
namespace {

// dense says negative where "not" stands, small never does: they differ on the second and the fourth.
constexpr const char* kShipped =
    R"([{"text":"good film","sentiment":"positive"},{"text":"not bad","sentiment":"positive"},
        {"text":"a film"},{"text":"not good","sentiment":"negative"}])";

void prepare(SideDriver& driver) {
  driver.margin = [](const Request& run) {
    const bool negated = std::find(run.input_ids.begin(), run.input_ids.end(), 9) != run.input_ids.end();
    return negated && run.model == "dense" ? -1.0 : 1.0;
  };
  ASSERT_TRUE(driver.comparison.read_reviews("samples.json", kShipped, true).ok());
  driver.compare("good");
}

TEST(DisagreementWalk, StopsAtEachDisagreementAndSaysWhenThereIsNoneLeft) {
  SideDriver driver;
  prepare(driver);
  ASSERT_TRUE(driver.comparison.find_disagreement().ok());
  EXPECT_EQ(driver.answer_all(), "dsds");
  const Walk& walk = driver.side().walk.walk();
  EXPECT_EQ(walk.phase, WalkPhase::kFound);
  EXPECT_EQ(walk.at, 1U);
  EXPECT_EQ(driver.ask("side")["walk"]["status"],
            "Review 2 of 4: dense says negative, small says positive; its author meant it positive.");
  ASSERT_TRUE(driver.comparison.find_disagreement().ok());
  driver.answer_all();
  EXPECT_EQ(walk.at, 3U);
  EXPECT_EQ(walk.finds, 2);
  ASSERT_TRUE(driver.comparison.find_disagreement().ok());
  EXPECT_EQ(driver.answer_all(), "");
  EXPECT_EQ(walk.phase, WalkPhase::kNoneLeft);
  EXPECT_EQ(driver.ask("side")["walk"]["status"].get<std::string>().substr(0, 72),
            "No disagreement left: the models differ on 2 of the 4 shipped reviews, a");
  // Round again, from what is known.
  ASSERT_TRUE(driver.comparison.find_disagreement().ok());
  EXPECT_EQ(driver.answer_all(), "");
  EXPECT_EQ(walk.phase, WalkPhase::kFound);
  EXPECT_EQ(walk.at, 1U);
}

TEST(DisagreementWalk, ModelsThatNeverDisagreeAreSaidNotTo) {
  SideDriver driver;
  prepare(driver);
  driver.margin = [](const Request&) { return 1.0; };
  ASSERT_TRUE(driver.comparison.find_disagreement().ok());
  driver.answer_all();
  EXPECT_EQ(driver.ask("side")["walk"]["status"],
            "No disagreement: these models give one verdict on all 4 shipped reviews.");
}

TEST(DisagreementWalk, NeedsReviewsAndTwoModels) {
  SideDriver empty;
  empty.describe();
  EXPECT_EQ(empty.comparison.find_disagreement().code(), StatusCode::kFailed);
  SideDriver driver;
  prepare(driver);
  ASSERT_TRUE(driver.comparison.select_model("small", false).ok());
  EXPECT_EQ(driver.comparison.find_disagreement().code(), StatusCode::kInvalidUsage);
}

TEST(DisagreementWalk, LoadsTheModelsItNeeds) {
  SideDriver driver;
  ASSERT_TRUE(driver.comparison.read_reviews("samples.json", kShipped, true).ok());
  driver.describe();
  ASSERT_TRUE(driver.comparison.find_disagreement().ok());
  const Request load = driver.take().at(0);
  EXPECT_EQ(load.kind, RequestKind::kLoad);
  EXPECT_EQ(load.model, "small");
  driver.comparison.loaded(load.id, true);
  const std::vector<Request> next = driver.take();  // dense loads, small reads the first review
  ASSERT_EQ(next.size(), 2U);
  EXPECT_EQ(next[0].kind, RequestKind::kLoad);
  EXPECT_EQ(next[1].kind, RequestKind::kSideRun);
}

TEST(DisagreementWalk, StopsWhenToldAndWhenAModelIsLost) {
  SideDriver driver;
  prepare(driver);
  ASSERT_TRUE(driver.comparison.find_disagreement().ok());
  const Request out = driver.take().at(0);
  driver.comparison.stop_finding();
  driver.answer(out);
  EXPECT_TRUE(driver.take().empty());
  EXPECT_EQ(driver.side().walk.walk().phase, WalkPhase::kStopped);
  ASSERT_TRUE(driver.comparison.find_disagreement().ok());
  driver.comparison.request_failed(driver.take().at(0).id, "gone");
  EXPECT_TRUE(driver.take().empty());
  EXPECT_EQ(driver.side().walk.walk().phase, WalkPhase::kStopped);
}

}  // namespace
}  // namespace coppice::compare
