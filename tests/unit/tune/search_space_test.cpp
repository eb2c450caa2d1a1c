#include "native/tune/search_space.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace coppice::tune {
namespace {

Axis axis(const std::string& name, const std::string& text) {
  Result<Axis> parsed = parse_axis(*find_axis_rule(name), text);
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  return parsed.ok() ? *parsed : Axis{};
}

SearchSpace space(std::vector<Axis> axes) {
  Result<SearchSpace> made = make_space(std::move(axes));
  EXPECT_TRUE(made.ok()) << made.status().message();
  return made.ok() ? *made : SearchSpace{};
}

TEST(SearchSpace, ReadsListsAndRanges) {
  const Axis list = axis("learning_rate", "5e-5, 1e-4");
  EXPECT_EQ(list.values, (std::vector<double>{5e-5, 1e-4}));
  const Axis range = axis("learning_rate", "1e-5..1e-3");
  EXPECT_TRUE(range.is_range());
  EXPECT_EQ(range.from, 1e-5);
  EXPECT_EQ(range.to, 1e-3);
  EXPECT_EQ(axis("batch_size", "16").values, std::vector<double>{16});
}

TEST(SearchSpace, RefusesWhatIsNoAxis) {
  const auto message = [](const std::string& name, const std::string& text) {
    const Result<Axis> parsed = parse_axis(*find_axis_rule(name), text);
    EXPECT_FALSE(parsed.ok()) << name << " " << text;
    if (parsed.ok()) return std::string();
    EXPECT_EQ(parsed.status().code(), StatusCode::kInvalidUsage);
    return parsed.status().message();
  };
  EXPECT_NE(message("learning_rate", "").find("--learning-rate: no value"), std::string::npos);
  EXPECT_NE(message("learning_rate", "1e-4,,1e-5").find("an empty value"), std::string::npos);
  EXPECT_NE(message("learning_rate", "1e-4,").find("an empty value"), std::string::npos);
  EXPECT_NE(message("learning_rate", "fast").find("\"fast\" is no number"), std::string::npos);
  EXPECT_NE(message("learning_rate", "1e-3..1e-5").find("does not rise"), std::string::npos);
  EXPECT_NE(message("learning_rate", "1e-3..").find("an empty value"), std::string::npos);
  EXPECT_NE(message("learning_rate", "0").find("above 0"), std::string::npos);
  EXPECT_NE(message("learning_rate", "1e-4,1e-4").find("given twice"), std::string::npos);
  EXPECT_NE(message("learning_rate", "nan").find("no number"), std::string::npos);
  EXPECT_NE(message("batch_size", "16.5").find("no whole number"), std::string::npos);
  EXPECT_NE(message("sparsity", "1").find("below 1"), std::string::npos);
  EXPECT_NE(message("max_length", "4").find("at least 8"), std::string::npos);
}

TEST(SearchSpace, ReadsAFileAndNamesWhatIsWrongInIt) {
  const auto axes = parse_space_file(R"({"dropout": {"from": 0, "to": 0.3}, "batch_size": [8, 16], "epochs": 2})", "s");
  ASSERT_TRUE(axes.ok()) << axes.status().message();
  const SearchSpace read = space(*axes);
  ASSERT_EQ(read.axes.size(), 3U);
  EXPECT_EQ(read.axes[0].name, "batch_size");  // the order of axis_rules
  EXPECT_EQ(read.axes[2].name, "dropout");
  EXPECT_EQ(dump_json(to_json(read)), R"({"batch_size":[8.0,16.0],"epochs":[2.0],"dropout":{"from":0.0,"to":0.3}})");
  for (const auto& [bytes, message] : {
           std::pair<std::string, std::string>{R"({"learning_rte": [1]})", "unknown axis \"learning_rte\""},
           {R"({"epochs": []})", "s: epochs: an empty list"},
           {R"({"epochs": ["2"]})", "expected numbers"},
           {R"({"epochs": "2"})", "expected a number, a list"},
           {R"({"dropout": {"from": 0.3, "to": 0.1}})", "does not rise"},
           {R"({"dropout": {"from": 0.1}})", "to: missing"},
           {R"({"dropout": {"from": 0.1, "to": 0.2, "step": 0.1}})", "unknown member \"step\""},
           {R"([1])", "expected an object"},
           {R"({"epochs": )", "s"},
       }) {
    const auto refused = parse_space_file(bytes, "s");
    ASSERT_FALSE(refused.ok()) << bytes;
    EXPECT_EQ(refused.status().code(), StatusCode::kInvalidInput);
    EXPECT_NE(refused.status().message().find(message), std::string::npos) << refused.status().message();
  }
  EXPECT_FALSE(make_space({}).ok());
  EXPECT_FALSE(make_space({axis("epochs", "1"), axis("epochs", "2")}).ok());
}

TEST(SearchSpace, GridHasEveryCombinationInOrder) {
  const SearchSpace two = space({axis("batch_size", "8,16"), axis("learning_rate", "1e-5,1e-4,1e-3")});
  const auto candidates = grid(two);
  ASSERT_TRUE(candidates.ok());
  ASSERT_EQ(candidates->size(), 6U);
  EXPECT_EQ((*candidates)[0], (Parameters{{"learning_rate", 1e-5}, {"batch_size", 8}}));
  EXPECT_EQ((*candidates)[1], (Parameters{{"learning_rate", 1e-5}, {"batch_size", 16}}));
  EXPECT_EQ((*candidates)[5], (Parameters{{"learning_rate", 1e-3}, {"batch_size", 16}}));
  EXPECT_FALSE(grid(space({axis("dropout", "0..0.3")})).ok());
}

TEST(SearchSpace, SamplesAreTheSameEverywhereAndOnlyGrow) {
  const SearchSpace wide = space({axis("learning_rate", "1e-5..1e-3"), axis("batch_size", "8,16,32"),
                                  axis("max_length", "64..512"), axis("dropout", "0..0.3")});
  const auto four = sample(wide, 7, 4);
  const auto many = sample(wide, 7, 400);
  ASSERT_TRUE(four.ok() && many.ok());
  ASSERT_EQ(many->size(), 400U);
  EXPECT_TRUE(std::equal(four->begin(), four->end(), many->begin()));
  EXPECT_NE((*sample(wide, 8, 4))[0], (*four)[0]);
  // Recorded: a change of the hash or of its use would renumber every sweep there is.
  EXPECT_EQ(dump_json(to_json((*four)[0])),
            R"({"learning_rate":0.0001076,"batch_size":8,"max_length":380,"dropout":0.1014})");
  EXPECT_EQ(dump_json(to_json((*four)[3])),
            R"({"learning_rate":1.064e-05,"batch_size":16,"max_length":490,"dropout":0.09952})");

  // The learning rate is spread evenly over its two decades, the length over its values.
  int low_decade = 0;
  double length_sum = 0;
  for (const Parameters& candidate : *many) {
    EXPECT_GE(candidate[0].second, 1e-5);
    EXPECT_LE(candidate[0].second, 1e-3);
    low_decade += candidate[0].second < 1e-4 ? 1 : 0;
    EXPECT_EQ(candidate[2].second, std::floor(candidate[2].second));
    length_sum += candidate[2].second;
  }
  EXPECT_NEAR(low_decade, 200, 50);                    // five standard deviations of 10
  EXPECT_NEAR(length_sum / 400, 288, 5 * 130 / 20.0);  // five of 130 / sqrt(400)
  EXPECT_EQ(std::set<Parameters>(many->begin(), many->end()).size(), 400U);
}

TEST(SearchSpace, ASmallSpaceIsSampledWhole) {
  const SearchSpace six = space({axis("batch_size", "8,16"), axis("seed", "1..3")});
  const auto all = sample(six, 1, 50);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->size(), 6U);
  EXPECT_FALSE(sample(six, 1, 0).ok());
}

TEST(SearchSpace, NumbersReadBackAsWritten) {
  EXPECT_EQ(number_text(16), "16");
  EXPECT_EQ(number_text(100000), "100000");
  EXPECT_EQ(number_text(5e-5), "5e-05");
  EXPECT_EQ(number_text(0.1), "0.1");
  const Parameters parameters = {{"learning_rate", 3.217e-5}, {"batch_size", 16}};
  const auto read = parse_parameters(Json(to_json(parameters)), "p");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, parameters);
  EXPECT_FALSE(parse_parameters({{"speed", 3}}, "p").ok());
}

}  // namespace
}  // namespace coppice::tune
