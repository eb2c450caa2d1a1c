// Google's export against the estimate, on figures that are worked out by hand here.
#include "native/footprint/compare.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/footprint/made_export.h"

namespace coppice::footprint {
namespace {

Result<std::vector<SubjectComparison>> compared(const std::string& exported, const std::string& usage,
                                                const CompareOptions& options = {}) {
  auto rows = parse_carbon_export(exported, "export.csv");
  EXPECT_TRUE(rows.ok()) << rows.status().message();
  auto used = parse_usage(usage, "usage.csv");
  EXPECT_TRUE(used.ok()) << used.status().message();
  return compare_with_export(*rows, *used, options);
}

double factor(const SubjectComparison& one, const std::string& name) {
  for (const energy::Factor& each : one.comparison.factors) {
    if (name == each.name) return each.value;
  }
  return std::nan("");
}

double product(const SubjectComparison& one) {
  double value = 1.0;
  for (const energy::Factor& each : one.comparison.factors) value *= each.value;
  return value;
}

// 1000 vCPU-hours at half load: (0.68 + 4.11) / 2 W, PUE 1.11, 412.72 g/kWh (us-central1 in 2024).
constexpr double kMachineKwh = 1000.0 * (0.68 + 4.11) / 2.0 / 1000.0;
constexpr double kOperationalGrams = kMachineKwh * 1.11 * 412.72;

TEST(Compare, TheEstimateIsTheFormula) {
  const auto all = compared(kHeader + row("2024-03-01", 1.5), kUsage);
  ASSERT_TRUE(all.ok()) << all.status().message();
  const SubjectComparison& one = all->front();
  EXPECT_NEAR(energy::to_kwh(one.estimate.building.value), kMachineKwh * 1.11, 1e-12);
  EXPECT_NEAR(one.estimate.operational.value.value(), kOperationalGrams, 1e-9);
  EXPECT_GT(one.estimate.embodied.value.value(), 0.0);
  EXPECT_LT(one.estimate.total.low.value(), one.estimate.total.value.value());
  EXPECT_GT(one.estimate.total.high.value(), one.estimate.total.value.value());
}

TEST(Compare, FactorsMultiplyOutToTheRatio) {
  CompareOptions options;
  options.year = 2023;
  options.reported_pue = 1.2;
  for (const double scope2 : {0.05, 0.9, 1.5, 40.0}) {
    const auto all = compared(kHeader + row("2024-03-01", scope2), kUsage, options);
    ASSERT_TRUE(all.ok()) << all.status().message();
    const SubjectComparison& one = all->front();
    ASSERT_TRUE(one.comparison.ratio);
    EXPECT_NEAR(*one.comparison.ratio, (0.5 + scope2) * 1000.0 / one.estimate.total.value.value(), 1e-12);
    EXPECT_NEAR(product(one) / *one.comparison.ratio, 1.0, 1e-12) << scope2;
    EXPECT_NEAR(factor(one, "pue"), 1.2 / 1.11, 1e-12);
    EXPECT_NE(factor(one, "grid_year"), 1.0);
  }
}

// A report that is made of our own model with other inputs must be taken apart into just these.
TEST(Compare, AKnownAnswerIsFound) {
  const double load = 0.8;
  const double watts = 0.68 + load * (4.11 - 0.68);
  const double reported_grams = 1000.0 * watts / 1000.0 * 1.3 * 500.0;  // PUE 1.3, 500 g/kWh
  CompareOptions options;
  options.reported_pue = 1.3;
  options.reported_intensity = 500.0;
  std::string exported = kHeader + "2024-03-01,01-AB,shop,1,Cloud Run,1,us-central1,us-central1,12,";
  const std::string half = std::to_string(reported_grams / 1000.0);  // scope 2; as much again in scope 3
  const std::string both = std::to_string(2.0 * std::stod(half));
  exported.append(both).append(",").append(both).append(",,0,").append(half).append(",").append(half).append(",");
  exported.append(half).append("\n");
  const auto all = compared(exported, kUsage, options);
  ASSERT_TRUE(all.ok()) << all.status().message();
  const SubjectComparison& one = all->front();
  EXPECT_NEAR(factor(one, "grid_year"), 500.0 / 412.72, 1e-12);
  EXPECT_NEAR(factor(one, "pue"), 1.3 / 1.11, 1e-12);
  EXPECT_NEAR(factor(one, "utilisation"), watts / ((0.68 + 4.11) / 2.0), 1e-5);  // std::to_string has 6 digits
  EXPECT_NEAR(*one.comparison.implied_utilisation, load, 1e-5);
  EXPECT_NEAR(factor(one, "rest"), 1.0, 1e-9);
  const double our_share = one.estimate.embodied.value.value() / one.estimate.total.value.value();
  EXPECT_NEAR(factor(one, "embodied"), (1.0 - our_share) / 0.5, 1e-12);
}

TEST(Compare, WhatNoLoadExplainsStaysInTheRest) {
  const auto high = compared(kHeader + row("2024-03-01", 40.0), kUsage);
  ASSERT_TRUE(high.ok());
  EXPECT_EQ(high->front().comparison.implied_utilisation, 1.0);
  EXPECT_GT(factor(high->front(), "rest"), 2.0);
  EXPECT_FALSE(high->front().comparison.inside_interval);
  const auto low = compared(kHeader + row("2024-03-01", 0.01), kUsage);
  ASSERT_TRUE(low.ok());
  EXPECT_EQ(low->front().comparison.implied_utilisation, 0.0);
  EXPECT_LT(factor(low->front(), "rest"), 1.0);
}

TEST(Compare, MonthsAreAddedUpAndWeightedByEnergy) {
  const std::string usage = kUsageHeader + "2023-12,shop,Cloud Run,us-central1,3.6e6,0,10\n" +
                            "2024-01,shop,Cloud Run,us-central1,10.8e6,0,30\n";
  const auto all = compared(kHeader + row("2023-12-01", 1) + row("2024-01-01", 3), usage);
  ASSERT_TRUE(all.ok()) << all.status().message();
  const SubjectComparison& one = all->front();
  EXPECT_EQ(one.months.size(), 2U);
  EXPECT_NEAR(one.reported.location_kg, 5.0, 1e-12);
  EXPECT_NEAR(one.estimate.operational.value.value(), 4.0 * kOperationalGrams, 1e-9);
  EXPECT_NEAR(product(one) / *one.comparison.ratio, 1.0, 1e-12);
}

TEST(Compare, SharesAndRates) {
  const auto all = compared(kHeader + row("2024-03-01", 1.5) + row("2024-03-01", 5.5, "BigQuery") +
                                row("2024-03-01", 9, "Cloud Run", "other"),
                            kUsage);
  ASSERT_TRUE(all.ok()) << all.status().message();
  EXPECT_NEAR(all->front().share_of_project, 2.0 / 8.0, 1e-12);
  const OrderedJson json = to_json(*all)["subjects"][0];
  EXPECT_NEAR(json["reported"]["rates"]["grams_co2e_per_1000_requests"].get<double>(), 2000.0 / 50.0, 1e-9);
  EXPECT_NEAR(json["reported"]["rates"]["grams_co2e_per_vcpu_hour"].get<double>(), 2.0, 1e-9);
  EXPECT_NEAR(json["reported"]["shares"]["scope3"].get<double>(), 0.2, 1e-12);
  // Market-based stands apart: scope 2 by contracts, in no factor.
  EXPECT_NEAR(json["reported"]["market_based_kg_co2e"].get<double>(), 1.25, 1e-12);
  EXPECT_LT(json["estimated"]["market_based_grams_co2e"]["value"],
            json["estimated"]["location_based_grams_co2e"]["value"]);
  EXPECT_NE(to_text(*all).find("Market-based, apart: Google 1.25 kg"), std::string::npos) << to_text(*all);
}

TEST(Compare, ZeroGivesNoRatio) {
  const std::string zero = "2024-03-01,01-AB,shop,1,Cloud Run,1,us-central1,us-central1,12,0,0,,0,0,0,0\n";
  const auto all = compared(kHeader + zero, kUsage);
  ASSERT_TRUE(all.ok());
  EXPECT_FALSE(all->front().comparison.ratio);
  EXPECT_TRUE(all->front().comparison.factors.empty());
  EXPECT_TRUE(to_json(*all)["subjects"][0]["ratio_location_based"].is_null());
  EXPECT_NE(to_text(*all).find("rounded away"), std::string::npos);
}

TEST(Compare, SidesThatDoNotBelongTogetherAreRefused) {
  const auto message = [](const Result<std::vector<SubjectComparison>>& result) {
    return result.ok() ? std::string() : result.status().message();
  };
  const std::string two = kHeader + row("2024-03-01", 1) + row("2024-04-01", 1);
  EXPECT_NE(message(compared(two, kUsage)).find("only in the export: 2024-04"), std::string::npos);
  EXPECT_NE(message(compared(kHeader + row("2024-02-01", 1), kUsage)).find("only in the usage: 2024-03"),
            std::string::npos);
  CompareOptions march;
  march.first = march.last = Month{2024, 3};
  EXPECT_TRUE(compared(two, kUsage, march).ok());
  march.first = march.last = Month{2025, 1};
  EXPECT_NE(message(compared(two, kUsage, march)).find("no usage is left"), std::string::npos);
  EXPECT_NE(
      message(compared(kHeader + row("2024-03-01", 1, "BigQuery"), kUsage)).find("of this project it has: BigQuery"),
      std::string::npos);
  EXPECT_NE(message(compared(kHeader + row("2024-03-01", 1, "Cloud Run", "x"), kUsage)).find("nor any of this project"),
            std::string::npos);
}

}  // namespace
}  // namespace coppice::footprint
