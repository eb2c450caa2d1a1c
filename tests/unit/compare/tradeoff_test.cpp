#include "shared/compare/tradeoff.h"

#include "tests/unit/compare/rows.h"

namespace coppice::compare {
namespace {

Tradeoff with_points(const std::vector<std::pair<double, double>>& points) {
  Tradeoff tradeoff;
  for (const auto& [x, accuracy] : points) tradeoff.points.push_back({0, x, x, x, accuracy, accuracy, accuracy, false});
  find_front(tradeoff);
  return tradeoff;
}

TEST(Tradeoff, TheFrontHoldsWhatNoOtherBeats) {
  // (3, 0.85) is dearer and less accurate than (2, 0.90); (4, 0.90) only dearer.
  const Tradeoff tradeoff = with_points({{5, 0.95}, {3, 0.85}, {2, 0.90}, {4, 0.90}, {1, 0.80}});
  EXPECT_EQ(tradeoff.front, (std::vector<size_t>{4, 2, 0}));
  EXPECT_FALSE(tradeoff.points[1].on_front);
  EXPECT_FALSE(tradeoff.points[3].on_front);
  // Equal in both: neither beats the other.
  EXPECT_EQ(with_points({{1, 0.9}, {1, 0.9}}).front.size(), 2U);
  EXPECT_TRUE(with_points({}).front.empty());
}

TEST(Tradeoff, TakesWhatWasFoundHereWithItsBand) {
  State state;
  state.models = {timed_row("dense", 10), timed_row("half", 4), plain_row("untimed")};
  const Tradeoff energy = tradeoff_of(state, TradeoffAxis::kEnergy);
  ASSERT_EQ(energy.points.size(), 2U);  // the untimed one is not mixed in from its manifest
  EXPECT_EQ(energy.points[1].x, 4);
  EXPECT_EQ(energy.points[1].x_low, 2);
  EXPECT_EQ(energy.points[1].x_high, 8);
  EXPECT_EQ(energy.points[1].accuracy_low, 0.89);
  EXPECT_EQ(tradeoff_of(state, TradeoffAxis::kTime).points[0].x, 10);
  EXPECT_EQ(tradeoff_of(state, TradeoffAxis::kSize).points.size(), 3U);
}

TEST(Tradeoff, BeforeARunItTakesTheNativeRunsOfTheManifests) {
  State state;
  state.models = {plain_row("dense"), plain_row("half"), plain_row("unknown")};
  state.models[0].facts.native_runs = {{100, joules(10, 5, 20), 8.0}, {200, joules(20, 10, 40), 16.0}};
  state.models[1].facts.native_runs = {{100, joules(6, 3, 12), 4.0}};
  const Tradeoff tradeoff = tradeoff_of(state, TradeoffAxis::kEnergy);
  ASSERT_EQ(tradeoff.points.size(), 2U);
  EXPECT_EQ(tradeoff.points[0].x, 10);  // both at 100 tokens
  EXPECT_EQ(tradeoff.points[1].x, 6);
  EXPECT_NE(tradeoff.source.find("100 tokens"), std::string::npos);
  EXPECT_EQ(tradeoff_of(state, TradeoffAxis::kTime).points[1].x, 4);
}

TEST(Tradeoff, LeavesOutAnotherTestSet) {
  State state;
  state.models = {timed_row("dense", 10), timed_row("other", 4), timed_row("unjudged", 2)};
  state.models[1].test_set = "sst2 test 11";
  state.models[2].accuracy.reset();
  EXPECT_EQ(tradeoff_of(state, TradeoffAxis::kTime).points.size(), 1U);
}

}  // namespace
}  // namespace coppice::compare
