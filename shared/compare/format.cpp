#include "shared/compare/format.h"

#include <cmath>
#include <cstdio>
#include <initializer_list>

namespace coppice::compare {
namespace {

struct Unit {
  double size;  // in the base unit
  const char* name;
};

std::string three_digits(double value) {
  const double magnitude = std::abs(value);
  // The rounding must come first: 9.996 is "10.0", not "10.00".
  int decimals = magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0;
  // Below the smallest unit, as of a linear model: two decimals would leave a digit or none.
  for (double least = 0.09995; magnitude > 0 && magnitude < least && decimals < 8; least /= 10) {
    decimals = decimals == 2 ? 4 : decimals + 1;
  }
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

// The largest unit that the value, rounded to three digits, reaches; the smallest for anything below.
std::string with_unit(double value, std::initializer_list<Unit> largest_first) {
  const Unit* chosen = largest_first.end() - 1;
  for (const Unit& unit : largest_first) {
    if (std::abs(value) >= unit.size * 0.9995) {
      chosen = &unit;
      break;
    }
  }
  return three_digits(value / chosen->size) + " " + chosen->name;
}

// 3,662 -> "3,700": a factor of two timings is known no better.
std::string two_digits(double value) {
  double step = 1;
  while (value / step >= 99.5) step *= 10;
  return format_integer(std::llround(value / step) * std::llround(step));
}

std::string whole_percent(double share) {
  char text[64];
  std::snprintf(text, sizeof text, "%.0f %%", share * 100.0);
  return text;
}

}  // namespace

std::string format_milliseconds(double milliseconds) { return with_unit(milliseconds, {{1e3, "s"}, {1, "ms"}}); }

std::string format_joules(double joules) {
  return with_unit(joules, {{1e9, "GJ"}, {1e6, "MJ"}, {1e3, "kJ"}, {1, "J"}, {1e-3, "mJ"}, {1e-6, "µJ"}});
}

std::string format_grams_co2e(double grams) {
  return with_unit(grams, {{1e6, "t CO2e"}, {1e3, "kg CO2e"}, {1, "g CO2e"}, {1e-3, "mg CO2e"}, {1e-6, "µg CO2e"}});
}

std::string format_bytes(int64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " bytes";
  return with_unit(static_cast<double>(bytes), {{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}});
}

std::string format_count(double count) {
  if (std::abs(count) >= 99'999.5) return with_unit(count, {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}});
  return format_integer(std::llround(count));
}

std::string format_integer(int64_t value) {
  std::string digits = std::to_string(value);
  for (size_t at = digits.size(); at > 3 && digits[at - 4] != '-';) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string format_number(double value) {
  if (value > 0 && value < 1e-6) return "< 0.000001";
  if (std::abs(value) >= 999'500) return with_unit(value, {{1e12, "trillion"}, {1e9, "billion"}, {1e6, "million"}});
  if (std::abs(value) < 999.5)
    return value == std::floor(value) ? format_integer(std::llround(value)) : three_digits(value);
  return format_integer(std::llround(value));
}

std::string format_percent(double share, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f %%", digits, share * 100.0);
  return text;
}

std::string format_probability(double probability) {
  return probability >= 0.9995 ? "> 99.9 %" : format_percent(probability, 1);
}

bool is_large(const TimeRatio& ratio) {
  const bool clear = ratio.interval.low > 1.0 || ratio.interval.high < 1.0;
  return clear && ratio.ratio > 0 && (ratio.ratio < 0.02 || ratio.ratio > 50.0);
}

std::string format_ratio(const TimeRatio& ratio) {
  if (ratio.interval.low <= 1.0 && ratio.interval.high >= 1.0) return "no clear difference";
  if (is_large(ratio)) {
    if (ratio.ratio < 1.0) return "1/" + two_digits(1.0 / ratio.ratio) + " of the";
    return two_digits(ratio.ratio) + " times the";
  }
  if (ratio.ratio < 1.0) return whole_percent(1.0 - ratio.ratio) + " less";
  return whole_percent(ratio.ratio - 1.0) + " more";
}

const char* phase_name(ModelPhase phase) {
  switch (phase) {
    case ModelPhase::kDescribing:
      return "describing";
    case ModelPhase::kOffered:
      return "offered";
    case ModelPhase::kWaiting:
      return "waiting";
    case ModelPhase::kDownloading:
      return "downloading";
    case ModelPhase::kPreparing:
      return "preparing";
    case ModelPhase::kReady:
      return "ready";
    case ModelPhase::kFailed:
      return "failed";
  }
  return "";
}

const char* phase_name(RunPhase phase) {
  switch (phase) {
    case RunPhase::kIdle:
      return "idle";
    case RunPhase::kLoading:
      return "loading";
    case RunPhase::kWarmingUp:
      return "warming_up";
    case RunPhase::kTiming:
      return "timing";
    case RunPhase::kDone:
      return "done";
  }
  return "";
}

std::string describe_phase(const ModelRow& row) {
  switch (row.phase) {
    case ModelPhase::kDescribing:
      return "reading its description";
    case ModelPhase::kOffered:
      if (row.yours) return "yours, in this page's memory";
      return row.on_device ? "on this device" : format_bytes(row.model_bytes) + " to download";
    case ModelPhase::kWaiting:
      return "waiting to load";
    case ModelPhase::kDownloading:
      return (row.on_device || row.yours ? "reading " : "downloading ") + format_bytes(row.bytes_done) + " of " +
             format_bytes(row.bytes_total);
    case ModelPhase::kPreparing:
      return "preparing the model";
    case ModelPhase::kReady:
      return "ready";
    case ModelPhase::kFailed:
      return row.problem;
  }
  return "";
}

}  // namespace coppice::compare
