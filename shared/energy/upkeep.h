// What keeping a served model costs in a month at a stated traffic: not only its requests, but waiting instances, the
// image in the registry, builds and retraining. Each an item of its own with energy and carbon.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/energy/cloud_usage.h"

namespace coppice::energy {

// A month is 730 hours, a twelfth of 365 days.
inline constexpr double kHoursPerMonth = 730.0;
// Cloud Run keeps an instance up to 15 minutes after its last request
// (cloud.google.com/run/docs/about-instance-autoscaling).
inline constexpr double kLongestIdleSeconds = 900.0;

struct Traffic {
  double requests_per_month = 0.0;
  double seconds_per_request = 0.0;  // an instance is busy with it
  double concurrency = 1.0;          // requests an instance answers at a time, on average
  double starts_per_month = 0.0;     // from zero; each is followed by an idle time
  double idle_seconds_per_start = kLongestIdleSeconds;
};

struct Instance {
  double vcpus = 1.0;
  double memory_gib = 0.5;
  double min_instances = 0.0;  // kept warm all month
};

struct Repository {
  double image_bytes = 0.0;
  double versions_kept = 1.0;
};

struct Rebuilds {
  double per_month = 0.0;
  double vcpu_seconds_each = 0.0;
  double gib_seconds_each = 0.0;
};

struct Retraining {
  double per_month = 0.0;
  std::optional<Figure<Joules>> energy_each;  // as recorded, building included; needed if per_month is more than 0
};

struct UpkeepInputs {
  Traffic traffic;
  Instance instance;
  Repository repository;
  Rebuilds rebuilds;
  Retraining retraining;
  CloudHost host;
  CloudSite site;
};

struct UpkeepItem {
  const char* name;  // "requests", "idle_instances", "minimum_instances", "image_storage", "rebuilds", "retraining"
  Figure<Joules> energy;
  Figure<GramsCo2e> operational;
  Figure<GramsCo2e> embodied;
};

struct Upkeep {
  std::vector<UpkeepItem> items;  // all six, in the order above
  UpkeepItem total;               // "total"
};

// Errors (kInvalidUsage) name the input that is negative, not finite or missing.
Result<Upkeep> monthly_upkeep(const UpkeepInputs& inputs);

// {"items":[{"name","energy_joules","operational_grams_co2e","embodied_grams_co2e","share"},...],"total":{...}}
OrderedJson to_json(const Upkeep& upkeep);

}  // namespace coppice::energy
