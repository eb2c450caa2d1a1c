// What work takes on this machine: rates that a probe measured, and what they say of the steps to come.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/energy/figure.h"

namespace coppice::lifecycle {

// Time and energy of some work. Energies add end to end; a part whose energy is not known makes the sum's unknown.
struct Cost {
  double seconds = 0;
  double cpu_seconds = 0;
  std::optional<energy::Figure<energy::Joules>> joules;
};
Cost operator*(const Cost& cost, double factor);
// With `a` empty (no time at all): `b`.
Cost operator+(const Cost& a, const Cost& b);

// From a run record's `energy`, or one of its phases: {"duration_seconds","cpu_time_seconds","energy_joules"}.
Result<Cost> cost_of(const Json& reading, const std::string& where);
OrderedJson to_json(const Cost& cost);

// Work of a kind: `units` of what the rate is per.
struct Term {
  std::string rate;
  double units = 0;
};

struct Rates {
  std::map<std::string, Cost> per_unit;  // "train": of a token
  std::optional<double> grams_co2e_per_joule;
  std::string intensity_note;
};
OrderedJson to_json(const Rates& rates);
Result<Rates> parse_rates(const Json& json, const std::string& where);

struct Prediction {
  Cost cost;
  std::optional<energy::Figure<energy::GramsCo2e>> carbon;
};
// Absent where a rate is not known or there is no work to tell.
std::optional<Prediction> predict(const std::vector<Term>& work, const Rates& rates);
// {"duration_seconds": {"value","low","high"}, "energy_joules", "carbon_grams_co2e"}
OrderedJson to_json(const Prediction& prediction);

// How far a duration may be off that this probe predicts: what runs on a machine of its own kept within.
inline constexpr double kDurationLow = 0.8;
inline constexpr double kDurationHigh = 1.3;

}  // namespace coppice::lifecycle
