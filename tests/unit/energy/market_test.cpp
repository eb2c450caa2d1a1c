// Market-based carbon, published ranges, the building's share and water.
#include "shared/energy/market.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "shared/energy/places.h"
#include "shared/energy/published.h"
#include "shared/energy/site.h"

namespace coppice::energy {
namespace {

PlaceQuery google(const std::string& region, std::optional<int> year = {}) {
  PlaceQuery place;
  place.cloud_provider = "gcp";
  place.cloud_region = region;
  place.year = year;
  return place;
}

PlaceQuery country(const std::string& iso3, std::optional<int> year = {}) {
  PlaceQuery place;
  place.country = iso3;
  place.year = year;
  return place;
}

TEST(MarketBased, OfAGoogleRegionIsAnApproximationBetweenNothingAndTheGrid) {
  const auto market = market_based(google("us-central1"), std::nullopt);
  ASSERT_TRUE(market.ok()) << market.status().message();
  const double grid = resolve_intensity(google("us-central1"))->value.value();
  EXPECT_EQ(market->intensity.low, GramsPerKwh(0.0));
  EXPECT_EQ(market->intensity.high, GramsPerKwh(grid));
  EXPECT_GT(market->intensity.value.value(), 0.0);
  EXPECT_LT(market->intensity.value.value(), grid);
  EXPECT_EQ(market->intensity.provenance.kind, ProvenanceKind::kModelled);
  EXPECT_NE(std::string(market->is_not).find("not for an SCI score"), std::string::npos);
  // 2022, us-central1: the table's share of that year.
  const auto earlier = market_based(google("us-central1", 2022), std::nullopt);
  ASSERT_TRUE(earlier.ok());
  EXPECT_NE(earlier->intensity.provenance.method.find("2022"), std::string::npos);
}

TEST(MarketBased, IsAbsentWhereNothingIsKnown) {
  for (const PlaceQuery& place : {country("FRA"), google("no-such-region"), google("asia-east2", 2019), PlaceQuery{}}) {
    const auto market = market_based(place, std::nullopt);
    ASSERT_FALSE(market.ok());
    EXPECT_EQ(market.status().code(), StatusCode::kNotFound);
    EXPECT_NE(market.status().message().find("--market-intensity"), std::string::npos);
  }
}

TEST(MarketBased, TheUsersContractIsTakenAsItIs) {
  const auto market = market_based(country("FRA"), GramsPerKwh(0.0));
  ASSERT_TRUE(market.ok());
  EXPECT_EQ(market->intensity.value, GramsPerKwh(0.0));
  EXPECT_EQ(market->intensity.provenance.kind, ProvenanceKind::kAssumed);
  for (const double absurd : {-1.0, 3001.0, std::nan("")}) {
    EXPECT_FALSE(market_based(country("FRA"), GramsPerKwh(absurd)).ok()) << absurd;
  }
}

TEST(Years, GooglesFiguresByYear) {
  EXPECT_EQ(resolve_intensity(google("us-central1", 2024))->value, resolve_intensity(google("us-central1"))->value);
  const auto old = resolve_intensity(google("asia-east1", 2019));
  ASSERT_TRUE(old.ok());
  EXPECT_EQ(old->value, GramsPerKwh(541.0));
  EXPECT_NE(old->note.find("life-cycle"), std::string::npos);
  EXPECT_EQ(resolve_intensity(google("asia-east1", 2022))->note, "");
  const auto none = resolve_intensity(google("europe-north2", 2019));
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.status().message().find("known: 2024"), std::string::npos) << none.status().message();
  PlaceQuery state = country("USA", 2019);
  state.region = "WA";
  EXPECT_FALSE(resolve_intensity(state).ok());
  state.year = 2023;
  EXPECT_TRUE(resolve_intensity(state).ok());
}

TEST(Published, TheRangeHoldsTheAnswerAndSaysWhatItIs) {
  for (const PlaceQuery& place :
       {country("FRA"), country("WORLD"), google("us-central1"), google("asia-east1", 2020)}) {
    const auto answer = resolve_intensity(place);
    ASSERT_TRUE(answer.ok());
    const Figure<GramsPerKwh> figure = with_published_range(place, *answer);
    EXPECT_LE(figure.low, figure.value);
    EXPECT_LE(figure.value, figure.high);
    EXPECT_LT(figure.low, figure.high) << figure.provenance.method;
    EXPECT_NE(figure.provenance.method.find("no confidence interval"), std::string::npos);
  }
  // Life-cycle and grid intensities are not thrown together.
  EXPECT_EQ(published_values(google("asia-east1", 2020), *resolve_intensity(google("asia-east1", 2020))).size(), 2U);
  EXPECT_EQ(published_values(google("asia-east1"), *resolve_intensity(google("asia-east1"))).size(), 4U);
}

TEST(Published, OneValueAloneHasNoInterval) {
  PlaceQuery state = country("USA");
  state.region = "WA";
  for (PlaceQuery place : {state, google("europe-north2")}) {
    const Figure<GramsPerKwh> figure = with_published_range(place, *resolve_intensity(place));
    EXPECT_EQ(figure.low, figure.high);
    EXPECT_NE(figure.provenance.method.find("no interval"), std::string::npos);
  }
  PlaceQuery forced;
  forced.forced = GramsPerKwh(10);
  EXPECT_EQ(with_published_range(forced, *resolve_intensity(forced)).provenance.kind, ProvenanceKind::kAssumed);
}

// docs/energy.md says by how much two publishers differ.
TEST(Published, TwoPublishersDifferAsDocumented) {
  std::vector<double> ratios;
  for (const CountryRow& ember : ember_countries()) {
    const CountryRow* other = find_country(codecarbon_countries(), ember.iso3);
    if (other == nullptr || other->g_per_kwh <= 0.0 || ember.g_per_kwh <= 0.0) continue;
    ratios.push_back(std::max(other->g_per_kwh, ember.g_per_kwh) / std::min(other->g_per_kwh, ember.g_per_kwh));
  }
  std::sort(ratios.begin(), ratios.end());
  EXPECT_EQ(ratios.size(), 207U);
  EXPECT_NEAR(ratios[ratios.size() / 2], 1.04, 0.01);
  EXPECT_NEAR(ratios[ratios.size() * 9 / 10], 1.23, 0.01);
}

TEST(Site, PueIsKnownForGooglesRegionsOnly) {
  EXPECT_EQ(known_pue("gcp", "us-central1")->value, 1.11);
  EXPECT_EQ(known_pue("GCP", "Europe-West9")->value, 1.1);
  EXPECT_FALSE(known_pue("gcp", "nowhere1").has_value());
  EXPECT_FALSE(known_pue("aws", "us-east-1").has_value());
  EXPECT_TRUE(check_pue(1.0).ok());
  for (const double pue : {0.99, -1.0, 11.0, std::nan("")}) EXPECT_FALSE(check_pue(pue).ok()) << pue;
}

TEST(Site, WaterIsPerKwhOfTheMachines) {
  EXPECT_DOUBLE_EQ(water_litres(from_kwh(2.0), 1.8), 3.6);
  for (const double wue : {-0.1, 101.0, std::nan("")}) EXPECT_FALSE(check_wue(wue).ok()) << wue;
}

TEST(Carbon, ErrorsSayWhatIsMissing) {
  const auto message = [](PlaceQuery place) { return resolve_intensity(place).status().message(); };
  PlaceQuery place;
  place.cloud_region = "europe-west2";
  EXPECT_NE(message(place).find("is a region of gcp"), std::string::npos) << message(place);
  place.cloud_provider = "google";
  EXPECT_NE(message(place).find("Did you mean gcp?"), std::string::npos) << message(place);
  place = {};
  place.cloud_provider = "aws";
  EXPECT_NE(message(place).find("needs --cloud-region"), std::string::npos) << message(place);
  place = {};
  place.region = "california";
  EXPECT_NE(message(place).find("needs --country"), std::string::npos) << message(place);
  place = google("us-centrall");
  EXPECT_NE(message(place).find("us-central1"), std::string::npos) << message(place);
}

}  // namespace
}  // namespace coppice::energy
