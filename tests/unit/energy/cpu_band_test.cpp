// The published bands are what the calibration data say: worked out here a second time, apart from calibrate.py.
#include "shared/energy/cpu_band.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "native/io/file.h"
#include "shared/base/csv.h"

namespace coppice::energy {
namespace {

struct Point {
  std::string cpu;
  double load = 0.0;  // percent
  double watts = 0.0;
};

std::vector<Point> read_points() {
  std::vector<Point> points;
  const Result<std::string> text = read_file("shared/energy/calibration/cpu_load_vs_rapl.csv");
  EXPECT_TRUE(text.ok()) << text.status().message();
  if (!text) return points;
  CsvReader reader(*text, "cpu_load_vs_rapl.csv");
  const auto header = reader.next();
  EXPECT_EQ((*header)->cells.at(1), "cpu_name");
  EXPECT_EQ((*header)->cells.at(4), "cpu_load_percent");
  EXPECT_EQ((*header)->cells.at(5), "rapl_power_w");
  for (auto record = reader.next(); record && *record; record = reader.next()) {
    const auto& cells = (*record)->cells;
    points.push_back(
        {cells.at(1), std::strtod(cells.at(4).c_str(), nullptr), std::strtod(cells.at(5).c_str(), nullptr)});
  }
  return points;
}

double tdp_of(const std::string& cpu) {
  static const std::map<std::string, double> watts{{"AMD EPYC 8024P 8-Core Processor", 90.0},
                                                   {"AMD Ryzen Threadripper 1950X 16-Core Processor", 180.0},
                                                   {"Intel(R) Xeon(R) CPU E3-1240 V2 @ 3.40GHz", 69.0},
                                                   {"Intel(R) Xeon(R) CPU E5-2620 v3 @ 2.40GHz", 170.0}};
  return watts.at(cpu);
}

struct Band {
  double low = 1e9;
  double high = 0.0;
};

// The value below which `share` of the weight lies, each CPU having the same weight.
double percentile(const std::map<std::string, std::vector<double>>& ratios, const std::string& left_out, double share) {
  std::vector<std::pair<double, double>> weighted;
  double total = 0.0;
  for (const auto& [cpu, values] : ratios) {
    if (cpu == left_out) continue;
    for (const double value : values) weighted.emplace_back(value, 1.0 / static_cast<double>(values.size()));
    total += 1.0;
  }
  std::sort(weighted.begin(), weighted.end());
  double below = 0.0;
  for (const auto& [value, weight] : weighted) {
    below += weight;
    if (below >= share * total - 1e-12) return value;
  }
  return weighted.back().first;
}

struct Calibration {
  Band busy;
  Band idle;
  size_t points = 0;
  size_t inside = 0;  // of the left-out CPUs' points
};

Calibration calibrate(const std::function<double(double)>& curve) {
  Calibration result;
  std::map<std::string, std::vector<double>> ratios;
  for (const Point& point : read_points()) {
    const double estimate = tdp_of(point.cpu) * curve(point.load / 100.0);
    if (point.load >= band::kLeastLoadPercent) {
      ratios[point.cpu].push_back(point.watts / estimate);
    } else if (estimate > 0.0) {
      result.idle.low = std::min(result.idle.low, point.watts / estimate);
      result.idle.high = std::max(result.idle.high, point.watts / estimate);
    }
  }
  EXPECT_EQ(ratios.size(), 4U);
  for (const auto& [cpu, own] : ratios) {
    const double low = percentile(ratios, cpu, 0.05);
    const double high = percentile(ratios, cpu, 0.95);
    result.busy.low = std::min(result.busy.low, low);
    result.busy.high = std::max(result.busy.high, high);
    result.points += own.size();
    result.inside +=
        static_cast<size_t>(std::count_if(own.begin(), own.end(), [&](double r) { return low <= r && r <= high; }));
  }
  return result;
}

// Rounded outwards to three digits behind the point, no more.
void expect_rounded_outwards(double published_low, double low, double published_high, double high) {
  EXPECT_LE(published_low, low);
  EXPECT_GT(published_low, low - 0.0011);
  EXPECT_GE(published_high, high);
  EXPECT_LT(published_high, high + 0.0011);
}

TEST(CpuBand, CubicIsWhatTheDataSay) {
  const Calibration cubic = calibrate([](double u) { return 0.1 + 0.9 * u * u * u; });
  EXPECT_EQ(cubic.points, 94U);
  expect_rounded_outwards(band::kCubicLow, cubic.busy.low, band::kCubicHigh, cubic.busy.high);
  expect_rounded_outwards(band::kCubicIdleLow, cubic.idle.low, band::kCubicIdleHigh, std::max(1.0, cubic.idle.high));
  EXPECT_EQ(cubic.inside, 83U);
}

TEST(CpuBand, LinearIsWhatTheDataSay) {
  const Calibration linear = calibrate([](double u) { return u; });
  EXPECT_EQ(linear.points, 94U);
  expect_rounded_outwards(band::kLinearLow, linear.busy.low, band::kLinearHigh, linear.busy.high);
  expect_rounded_outwards(band::kLinearIdleLow, linear.idle.low, band::kLinearIdleHigh,
                          std::max(1.0, linear.idle.high));
  // What a user with another CPU may expect: about nine in ten.
  EXPECT_EQ(linear.inside, 84U);
}

}  // namespace
}  // namespace coppice::energy
