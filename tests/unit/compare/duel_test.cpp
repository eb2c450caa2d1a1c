#include "shared/compare/duel.h"

#include "tests/unit/compare/rows.h"

namespace coppice::compare {
namespace {

const DuelLine& line_of(const Duel& duel, const std::string& key) {
  for (const DuelLine& line : duel.lines) {
    if (line.key == key) return line;
  }
  ADD_FAILURE() << "no line " << key;
  return duel.lines.front();
}

TEST(Duel, NamesEachDifference) {
  State state;
  state.models = {timed_row("dense", 10), timed_row("half", 4, "dense")};
  state.models[1].facts.cut_back = true;
  state.models[1].model_bytes = 1'000'000;
  state.models[1].accuracy = records::MetricValue{0.87, 0.86, 0.88};
  state.models[1].verdict = judge({1, 0}, {"negative", "positive"});
  set_against_first(state);
  const std::optional<Duel> duel = duel_of(state);
  ASSERT_TRUE(duel);
  EXPECT_EQ(duel->left, 0U);
  EXPECT_EQ(duel->right, 1U);
  EXPECT_EQ(line_of(*duel, "verdict").difference, "they disagree");
  EXPECT_EQ(line_of(*duel, "probability").left, "88.1 %");
  EXPECT_EQ(line_of(*duel, "probability").right, "26.9 %");
  EXPECT_EQ(line_of(*duel, "time").difference, "60 % less; ratio 0.4 (0.4 to 0.4)");
  EXPECT_EQ(line_of(*duel, "time").better, Side::kRight);
  EXPECT_EQ(line_of(*duel, "energy").difference, "60 % less");
  EXPECT_EQ(line_of(*duel, "size").difference, "50 % less");
  EXPECT_EQ(line_of(*duel, "accuracy").difference, "3.0 points less; the intervals do not touch");
  EXPECT_EQ(line_of(*duel, "accuracy").better, Side::kLeft);
}

TEST(Duel, CallsNothingBetterThatIsNotClear) {
  State state;
  state.models = {timed_row("dense", 10), timed_row("half", 9)};
  state.models[1].against_baseline = TimeRatio{0.9, {0.7, 1.1}};
  const Duel duel = *duel_of(state);
  EXPECT_EQ(line_of(duel, "time").better, Side::kNeither);
  EXPECT_NE(line_of(duel, "time").difference.find("no clear difference"), std::string::npos);
  EXPECT_EQ(line_of(duel, "energy").better, Side::kNeither);
  EXPECT_EQ(line_of(duel, "accuracy").better, Side::kNeither);
  state.models[1].test_set = "other";
  EXPECT_EQ(line_of(*duel_of(state), "accuracy").difference, "not comparable: other test sets");
}

TEST(Duel, NeedsTwo) {
  State state;
  state.models = {timed_row("dense", 10)};
  EXPECT_FALSE(duel_of(state));
}

}  // namespace
}  // namespace coppice::compare
