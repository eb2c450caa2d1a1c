// What a sweep tries: axes of training options, each a list of values or a range, and the candidates they give.
//
// Candidates are a function of the space and the seed alone: every shard, and every later call, numbers them alike.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::tune {

// What an option of `coppice train` (or `coppice prune`) may be.
struct AxisRule {
  const char* name;    // "learning_rate", as in files
  const char* option;  // "--learning-rate", as typed
  const char* help;
  bool whole;      // whole numbers only
  bool log_scale;  // a range is sampled evenly in the logarithm
  double least;
  bool least_allowed;
  double most;
  bool most_allowed;
};

std::span<const AxisRule> axis_rules();
const AxisRule* find_axis_rule(std::string_view name);  // null if there is none

struct Axis {
  std::string name;
  std::vector<double> values;  // a list; empty: the range
  double from = 0;
  double to = 0;
  [[nodiscard]] bool is_range() const { return values.empty(); }
};

// In the order of axis_rules, whatever the order given.
struct SearchSpace {
  std::vector<Axis> axes;
  [[nodiscard]] bool has_range() const;
  [[nodiscard]] bool has(std::string_view name) const;
};

// "5e-5,1e-4" or "1e-5..1e-3". Errors (kInvalidUsage) name the option: nothing given, an empty value, no number, a
// value out of the option's limits or given twice, a range that does not rise.
Result<Axis> parse_axis(const AxisRule& rule, const std::string& text);

// {"learning_rate": [5e-5, 1e-4], "dropout": {"from": 0, "to": 0.3}, "batch_size": 16}. Errors (kInvalidInput) name the
// member; one that is no axis is refused with the list of axes.
Result<std::vector<Axis>> parse_space_file(std::string_view bytes, const std::string& source);

// Refuses an axis given twice and a space without axes.
Result<SearchSpace> make_space(std::vector<Axis> axes);

OrderedJson to_json(const SearchSpace& space);

// The options of one candidate by axis name, in the order of axis_rules.
using Parameters = std::vector<std::pair<std::string, double>>;

inline constexpr size_t kMostCandidates = 100000;

// Every combination, the last axis changing fastest. Refuses ranges and more than kMostCandidates.
Result<std::vector<Parameters>> grid(const SearchSpace& space);

// `count` different candidates, or fewer where a space of lists has no more. A larger count only adds: the first ones
// stay as they are. Reals of a range are rounded to four digits.
Result<std::vector<Parameters>> sample(const SearchSpace& space, uint64_t seed, size_t count);

// Shortest text that reads back as the same number; whole numbers without an exponent.
std::string number_text(double value);

OrderedJson to_json(const Parameters& parameters);
Result<Parameters> parse_parameters(const Json& json, const std::string& where);

}  // namespace coppice::tune
