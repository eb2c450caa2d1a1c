#include "native/lifecycle/cost.h"

#include <gtest/gtest.h>

namespace coppice::lifecycle {
namespace {

Cost cost(double seconds, double joules) {
  using energy::Joules;
  return {
      seconds, seconds / 2,
      energy::Figure<Joules>{
          Joules(joules), Joules(joules / 2), Joules(joules * 2), {energy::ProvenanceKind::kMeasured, "a counter"}}};
}

TEST(LifecycleCost, PredictionsAreSumsOfRatesTimesWork) {
  Rates rates;
  rates.per_unit["train"] = cost(0.001, 0.005);
  rates.per_unit["start"] = cost(2, 8);
  rates.grams_co2e_per_joule = 1e-5;
  const auto prediction = predict({{"start", 1}, {"train", 10000}}, rates);
  ASSERT_TRUE(prediction.has_value());
  EXPECT_DOUBLE_EQ(prediction->cost.seconds, 12);
  EXPECT_DOUBLE_EQ(prediction->cost.cpu_seconds, 6);
  EXPECT_DOUBLE_EQ(prediction->cost.joules->value.value(), 58);
  EXPECT_DOUBLE_EQ(prediction->cost.joules->low.value(), 29);
  EXPECT_DOUBLE_EQ(prediction->carbon->value.value(), 58e-5);
  // What was measured in the probe is a model of what is to come.
  EXPECT_EQ(prediction->cost.joules->provenance.kind, energy::ProvenanceKind::kModelled);
}

TEST(LifecycleCost, WhatIsNotKnownIsAbsent) {
  Rates rates;
  rates.per_unit["train"] = cost(1, 1);
  rates.per_unit["dark"] = {1, 1, std::nullopt};
  EXPECT_FALSE(predict({{"train", 1}, {"other", 1}}, rates).has_value());
  EXPECT_FALSE(predict({}, rates).has_value());
  const auto mixed = predict({{"train", 1}, {"dark", 1}}, rates);
  ASSERT_TRUE(mixed.has_value());
  EXPECT_DOUBLE_EQ(mixed->cost.seconds, 2);
  EXPECT_FALSE(mixed->cost.joules.has_value());
  EXPECT_FALSE(mixed->carbon.has_value());
}

TEST(LifecycleCost, RatesAreReadBackAsTheyWereWritten) {
  Rates rates;
  rates.per_unit["train"] = cost(0.25, 3);
  rates.per_unit["dark"] = {1, 1, std::nullopt};
  rates.grams_co2e_per_joule = 2e-5;
  rates.intensity_note = "France";
  const Json json(to_json(rates));
  const Result<Rates> read = parse_rates(json, "rates");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(Json(to_json(*read)), json);
  EXPECT_FALSE(parse_rates(Json{{"per_unit", 5}}, "rates").ok());
  EXPECT_FALSE(parse_rates(Json{{"per_unit", {{"train", {{"duration_seconds", "long"}}}}}}, "rates").ok());
}

}  // namespace
}  // namespace coppice::lifecycle
