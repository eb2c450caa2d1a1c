#include "shared/compare/what_if.h"

#include "tests/unit/compare/rows.h"

namespace coppice::compare {
namespace {

State making_state() {
  State state;
  state.models = {timed_row("dense", 10, "base"), timed_row("half", 4, "dense"), timed_row("ngrams", 1)};
  state.models[0].facts.making = {{Stage::kFineTuning, joules(1000, 500, 2000)}};
  state.models[1].facts.making = {{Stage::kPruning, joules(60, 30, 120)}, {Stage::kRecovery, joules(540, 270, 1080)}};
  set_against_first(state);
  return state;
}

TEST(WhatIf, MultipliesByTheReviews) {
  State state = making_state();
  state.choices.reviews = 1000;
  const std::vector<WhatIfRow> rows = what_if(state);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(state.models[rows[0].model].id, "dense");
  EXPECT_DOUBLE_EQ(rows[0].energy.value.value(), 10'000);
  EXPECT_DOUBLE_EQ(rows[0].energy.low.value(), 5'000);
  EXPECT_DOUBLE_EQ(rows[0].operational.value.value(), 1000);
  EXPECT_NEAR(rows[0].equivalents[2].value, 1000.0 / 175.0, 1e-9);
}

TEST(WhatIf, TheSmallerModelRepaysItsOwnMaking) {
  const State state = making_state();
  // From dense: its own 600 J, saved at 6 J a review. Times do not vary, so the saving's band is the power's.
  const WhatIfRow half = what_if(state)[1];
  ASSERT_TRUE(half.break_even);
  EXPECT_FALSE(half.break_even->never);
  EXPECT_NEAR(half.break_even->inferences, 100, 1e-9);
  EXPECT_NEAR(half.break_even->low, 300.0 / 12, 1e-9);
  EXPECT_NEAR(half.break_even->high, 1200.0 / 3, 1e-9);
  EXPECT_EQ(half.break_even_text, "100 reviews (25 to 400)");
  EXPECT_EQ(what_if(state)[0].break_even_text, "baseline");
  EXPECT_EQ(what_if(state)[2].break_even_text, "no record says what its making took");
}

TEST(WhatIf, IsNeverWhereTheSavingMayBeNone) {
  State state = making_state();
  state.models[1].estimate->energy = joules(10, 5, 20);
  EXPECT_TRUE(what_if(state)[1].break_even->never);
  EXPECT_EQ(what_if(state)[1].break_even_text, "never: the saving may be none");
  // A saving of energy whose times show no clear difference.
  state = making_state();
  state.models[1].against_baseline = TimeRatio{0.4, {0.3, 1.0}};
  EXPECT_TRUE(what_if(state)[1].break_even->never);
  // By native runs nothing is known to be shared: the bands of 10 (5 to 20) and 4 (2 to 8) overlap.
  state = making_state();
  state.choices.method = energy::InferenceMethod::kShipped;
  EXPECT_TRUE(what_if(state)[1].break_even->never);
}

TEST(WhatIf, AgainstANonAncestorAllOfTheLineageCounts) {
  State state = making_state();
  EXPECT_EQ(cost_of_making(state, 1, 2)->value.value(), 1600);
  EXPECT_FALSE(cost_of_making(state, 2, 0));
}

// An export takes the runs of the folder that it reads along.
TEST(WhatIf, ARunThatMadeTheBaselineTooIsNotPaidAgain) {
  State state = making_state();
  state.models[0].facts.making[0].run = "runs/train-1.json";
  state.models[1].facts.making = {{Stage::kFineTuning, joules(1000, 500, 2000), "runs/train-1.json"},
                                  {Stage::kExport, joules(12, 6, 24), "runs/export-2.json"}};
  EXPECT_EQ(cost_of_making(state, 1, 0)->value.value(), 12);
  EXPECT_EQ(cost_of_making(state, 1, 2)->value.value(), 1012);
}

}  // namespace
}  // namespace coppice::compare
