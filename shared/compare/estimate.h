// Energy and carbon of one review by one of the named methods of shared/energy/inference: models, and labelled so.
// Their bands are ranges of what the inputs may be, no statistical intervals.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"
#include "shared/compare/facts.h"
#include "shared/energy/carbon.h"
#include "shared/energy/device.h"
#include "shared/energy/figure.h"
#include "shared/energy/inference/methods.h"
#include "shared/energy/inference/time_power.h"
#include "shared/energy/units.h"

namespace coppice::compare {

// A place whose electricity is known: the world, a country or a cloud region.
struct GridPreset {
  std::string id;     // "WORLD", "FRA", "gcp:europe-west9"
  std::string name;   // "France"
  std::string group;  // "Countries", "Google Cloud regions"
  double grams_per_kwh = 0;
};

std::vector<GridPreset> grid_presets();
Result<energy::Intensity> find_grid(std::string_view id);

struct Estimate {
  energy::Figure<energy::Joules> energy;
  energy::Figure<energy::GramsCo2e> carbon;                   // of the electricity
  std::optional<energy::Figure<energy::GramsCo2e>> embodied;  // of the device's making, by the time it was taken up
};

struct EstimateInputs {
  energy::InferenceMethod method = energy::InferenceMethod::kTimePower;
  std::optional<energy::TimedInference> time;  // none: not timed here
  int64_t units = 0;                           // tokens, or words for a linear model, of this review
  const ModelFacts& facts;
  const energy::DevicePreset& device;
  const energy::Intensity& intensity;
};

// None where the method lacks its input: times, operations or native runs.
std::optional<Estimate> estimate_of(const EstimateInputs& inputs);

}  // namespace coppice::compare
