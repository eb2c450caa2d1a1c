#include "native/compare/flips.h"

#include <gtest/gtest.h>

#include <sstream>

#include "shared/base/json.h"
#include "tests/unit/compare_models/made_predictions.h"

namespace coppice::compare_models {
namespace {

TEST(Flips, AreListedSurestFirstWithTheirTexts) {
  PredictionFile first = made_predictions({"11", "00", "11", "10"});
  PredictionFile second = made_predictions({"10", "00", "10", "11"});
  first.rows[0].score = 0.6;    // sure by 0.1 of both
  first.rows[2].score = 0.99;   // 0.3: the second is less sure
  second.rows[3].score = 0.95;  // 0.3 as well: the tie goes by id
  const std::vector<std::string> texts = {"t0", "t1", "t2", "t3"};
  std::istringstream lines(flips_json_lines(first, second, same_order(first), texts, "dense", "pruned"));
  std::vector<Json> flips;
  for (std::string line; std::getline(lines, line);) flips.push_back(*parse_json(line, "flips"));
  ASSERT_EQ(flips.size(), 3U);
  EXPECT_EQ(flips[0]["id"], "r2");
  EXPECT_EQ(flips[0]["flip"], "lost");
  EXPECT_EQ(flips[0]["baseline"]["model"], "dense");
  EXPECT_EQ(flips[0]["model"]["score"], 0.2);
  EXPECT_EQ(flips[0]["text"], "t2");
  EXPECT_EQ(flips[1]["id"], "r3");
  EXPECT_EQ(flips[1]["flip"], "won");
  EXPECT_EQ(flips[2]["id"], "r0");
  EXPECT_NEAR(flips[2]["sureness"].get<double>(), 0.1, 1e-12);
}

TEST(Flips, AreNoneWhereNothingChanged) {
  const PredictionFile file = made_predictions({"11", "10"});
  EXPECT_EQ(flips_json_lines(file, file, same_order(file), {}, "a", "b"), "");
}

}  // namespace
}  // namespace coppice::compare_models
