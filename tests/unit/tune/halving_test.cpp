#include "native/tune/halving.h"

#include <gtest/gtest.h>

namespace coppice::tune {
namespace {

RankedTrial finished(int64_t candidate, double accuracy, double loss) {
  RankedTrial entry;
  entry.trial.candidate = candidate;
  entry.result.state = TrialState::kFinished;
  entry.result.accuracy.value = accuracy;
  entry.result.loss = loss;
  return entry;
}

TEST(Halving, RungsRiseToAllReviews) {
  EXPECT_EQ(*rung_reviews({.eta = 3, .min_reviews = 2500}, 22511), (std::vector<int64_t>{2500, 7500, 22500, 22511}));
  EXPECT_EQ(*rung_reviews({.eta = 3, .rungs = 3}, 22511), (std::vector<int64_t>{2502, 7506, 22511}));
  EXPECT_EQ(*rung_reviews({}, 900), (std::vector<int64_t>{100, 300, 900}));
  EXPECT_EQ(*rung_reviews({.eta = 2, .min_reviews = 90}, 90), std::vector<int64_t>{90});
  EXPECT_EQ(*rung_reviews({.eta = 2, .rungs = 1}, 90), std::vector<int64_t>{90});
  for (const HalvingOptions& bad : {HalvingOptions{.eta = 1},
                                    {.eta = 3, .min_reviews = 10, .rungs = 2},
                                    {.eta = 3, .min_reviews = 91},
                                    {.eta = 3, .min_reviews = 1},
                                    {.eta = 3, .rungs = 12},
                                    {.eta = 3, .rungs = 99}}) {
    const auto refused = rung_reviews(bad, 90);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.status().code(), StatusCode::kInvalidUsage);
  }
}

TEST(Halving, TheBestGoOnTiesByLossThenNumber) {
  std::vector<RankedTrial> rung = {finished(0, 0.8, 0.5), finished(1, 0.9, 0.4), finished(2, 0.9, 0.3),
                                   finished(3, 0.7, 0.1), finished(4, 0.9, 0.3), finished(5, 0.6, 0.9)};
  EXPECT_EQ(promote(rung, 3), (std::vector<int64_t>{2, 4}));
  EXPECT_EQ(promote(rung, 6), std::vector<int64_t>{2});
  EXPECT_EQ(promote(rung, 7), std::vector<int64_t>{2});  // at least one
  // A failed trial leaves its place to the next, and the rung its size.
  rung[2].result.state = TrialState::kFailed;
  EXPECT_EQ(promote(rung, 3), (std::vector<int64_t>{1, 4}));
  for (RankedTrial& entry : rung) entry.result.state = TrialState::kFailed;
  EXPECT_TRUE(promote(rung, 3).empty());
}

TEST(Halving, IdsNameCandidateAndRung) {
  Trial trial;
  trial.candidate = 7;
  EXPECT_EQ(trial.id(), "007");
  trial.rung = 1;
  EXPECT_EQ(trial.id(), "007-rung1");
  trial.candidate = 1234;
  EXPECT_EQ(trial.id(), "1234-rung1");
  const auto read = parse_trial(Json(to_json(trial)), "t");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->id(), trial.id());
  Json bad(to_json(trial));
  bad["id"] = "../../home";
  EXPECT_FALSE(parse_trial(bad, "t").ok());
}

}  // namespace
}  // namespace coppice::tune
