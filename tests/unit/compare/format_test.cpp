#include "shared/compare/format.h"

#include <gtest/gtest.h>

namespace coppice::compare {
namespace {

TEST(Format, KeepsThreeDigitsAndNamesTheUnit) {
  EXPECT_EQ(format_milliseconds(0.3), "0.30 ms");
  EXPECT_EQ(format_milliseconds(0.0412), "0.0412 ms");
  EXPECT_EQ(format_milliseconds(0.00999), "0.00999 ms");
  EXPECT_EQ(format_milliseconds(0.00000257), "0.00000257 ms");
  EXPECT_EQ(format_milliseconds(0), "0.00 ms");
  EXPECT_EQ(format_milliseconds(8.416), "8.42 ms");
  EXPECT_EQ(format_milliseconds(9.996), "10.0 ms");
  EXPECT_EQ(format_milliseconds(99.96), "100 ms");
  EXPECT_EQ(format_milliseconds(148.4), "148 ms");
  EXPECT_EQ(format_milliseconds(999.6), "1.00 s");
  EXPECT_EQ(format_milliseconds(1240), "1.24 s");
  EXPECT_EQ(format_joules(0.0000064), "6.40 µJ");
  EXPECT_EQ(format_joules(11.1), "11.1 J");
  EXPECT_EQ(format_joules(0), "0.00 µJ");
  EXPECT_EQ(format_grams_co2e(0.0012), "1.20 mg CO2e");
  EXPECT_EQ(format_bytes(999), "999 bytes");
  EXPECT_EQ(format_bytes(44'900'000), "44.9 MB");
  EXPECT_EQ(format_count(25000), "25,000");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(22'713'986), "22.7 M");
  EXPECT_EQ(format_integer(1'048'576), "1,048,576");
  EXPECT_EQ(format_integer(-1000), "-1,000");
  EXPECT_EQ(format_integer(-100), "-100");
  EXPECT_EQ(format_percent(0.93124, 1), "93.1 %");
}

TEST(Format, NeverClaimsCertainty) {
  EXPECT_EQ(format_probability(0.99949), "99.9 %");
  EXPECT_EQ(format_probability(0.9999), "> 99.9 %");
  EXPECT_EQ(format_probability(0.5), "50.0 %");
}

TEST(Format, ARatioWhoseIntervalHoldsOneIsNoDifference) {
  EXPECT_EQ(format_ratio({0.7, {0.65, 0.75}}), "30 % less");
  EXPECT_EQ(format_ratio({1.25, {1.2, 1.3}}), "25 % more");
  EXPECT_EQ(format_ratio({0.95, {0.9, 1.0}}), "no clear difference");
  EXPECT_EQ(format_ratio({0.001, {0.0, 1.0}}), "no clear difference");
}

TEST(Format, ARatioThatPercentsWouldHideIsAFactor) {
  EXPECT_EQ(format_ratio({0.00027, {0.0002, 0.0003}}), "1/3,700 of the");
  EXPECT_EQ(format_ratio({0.0199, {0.018, 0.021}}), "1/50 of the");
  EXPECT_EQ(format_ratio({0.021, {0.018, 0.022}}), "98 % less");
  EXPECT_EQ(format_ratio({3662, {3000, 4000}}), "3,700 times the");
  EXPECT_EQ(format_ratio({50, {40, 60}}), "4900 % more");
}

}  // namespace
}  // namespace coppice::compare
