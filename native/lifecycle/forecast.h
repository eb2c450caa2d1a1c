// The prediction as a whole, how it came out, and both for people.
#pragma once

#include <string>

#include "native/lifecycle/journal.h"
#include "native/lifecycle/plan.h"

namespace coppice::lifecycle {

// Sums of the steps' predictions: {"duration_seconds","cpu_time_seconds","energy_joules","carbon_grams_co2e",
// "not_predicted": [ids]}.
OrderedJson forecast_of(const Plan& plan, const Journal& journal);

// What the same steps took, by their last attempts on these inputs, and the relative errors. A step that was killed or
// done without is in neither: {"duration_seconds",...,"steps","left_out","error":{...}}, errors of the steps compared.
OrderedJson forecast_result(const Plan& plan, const Journal& journal);

std::string predicted_text(const OrderedJson& predicted);  // "41 s, 180 J, 2.2 mg CO2e"
std::string result_text(const StepEntry& entry);           // "done in 39.1 s, 171 J (predicted 41 s, 180 J)"

}  // namespace coppice::lifecycle
