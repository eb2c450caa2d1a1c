#include "shared/compare/order.h"

#include "tests/unit/compare/rows.h"

namespace coppice::compare {
namespace {

using Order = std::vector<size_t>;

// dense, int8 (slower pruning, 7 ms), half (4 ms), ngrams (linear, 0.01 ms).
State four_models() {
  State state;
  state.models = {timed_row("dense", 10), timed_row("int8", 7, "dense"), timed_row("half", 4, "dense"),
                  timed_row("ngrams", 0.01)};
  state.models[1].facts.cut_back = true;
  state.models[2].facts.cut_back = true;
  state.models[3].architecture = records::Architecture::kLinear;
  state.models[1].accuracy->value = 0.92;
  state.models[2].model_bytes = 1'000'000;
  set_against_first(state);
  return state;
}

TEST(Order, PutsTheBestPrunedModelFirst) {
  const State state = four_models();
  EXPECT_EQ(baseline_of(state), 0U);
  EXPECT_EQ(pick_of(state), 2U);
  EXPECT_EQ(display_order(state), (Order{2, 0, 1, 3}));
}

TEST(Order, SortsByEachFigure) {
  State state = four_models();
  const auto by = [&](SortKey key) {
    state.choices.sort = key;
    return display_order(state);
  };
  EXPECT_EQ(by(SortKey::kName), (Order{0, 2, 1, 3}));
  EXPECT_EQ(by(SortKey::kTime), (Order{3, 2, 1, 0}));
  EXPECT_EQ(by(SortKey::kEnergy), (Order{3, 2, 1, 0}));
  EXPECT_EQ(by(SortKey::kSize), (Order{2, 0, 1, 3}));
  EXPECT_EQ(by(SortKey::kAccuracy), (Order{1, 0, 2, 3}));
  state.models[3].time.reset();  // without the figure it goes last
  EXPECT_EQ(by(SortKey::kTime), (Order{2, 1, 0, 3}));
}

TEST(Order, TakesTheChosenBaselineWhereItHasTimes) {
  State state = four_models();
  state.choices.baseline = "half";
  EXPECT_EQ(baseline_of(state), 2U);
  state.models[2].times_ms.clear();
  EXPECT_EQ(baseline_of(state), 0U);
  state.choices.rival = "ngrams";
  EXPECT_EQ(rival_of(state), 3U);
  state.choices.rival = "dense";  // the baseline itself is no rival
  EXPECT_EQ(rival_of(state), 2U);
}

TEST(Order, BeforeTimesThePickHasTheFewestOperations) {
  State state;
  state.models = {plain_row("dense"), plain_row("third"), plain_row("half"), plain_row("broken")};
  for (size_t i = 1; i < 4; ++i) state.models[i].facts.cut_back = true;
  state.models[1].facts.encoder_operations = {{128, 100}};
  state.models[2].facts.encoder_operations = {{128, 150}};
  state.models[3].facts.encoder_operations = {{128, 1}};
  state.models[3].phase = ModelPhase::kFailed;
  EXPECT_EQ(pick_of(state), 1U);
  state.models[1].selected = false;
  EXPECT_EQ(pick_of(state), 2U);
  EXPECT_FALSE(pick_of(State{}));
  EXPECT_FALSE(baseline_of(State{}));
}

TEST(Order, ManyModelsStandInRows) {
  State state;
  for (int i = 0; i < 4; ++i) state.models.push_back(plain_row("m" + std::to_string(i)));
  EXPECT_EQ(layout_of(state), Layout::kCards);
  state.models.push_back(plain_row("m4"));
  EXPECT_EQ(layout_of(state), Layout::kRows);
  state.choices.layout = Layout::kCards;
  EXPECT_EQ(layout_of(state), Layout::kCards);
}

}  // namespace
}  // namespace coppice::compare
