// The events of what a visitor chooses (comparison_choices.cpp), as JSON; the others are in messages.cpp.
//
//   {"type":"choose","what":"layout","value":"rows"}   {"type":"reviews","value":1000000}
//   {"type":"time_zone","value":"Europe/Paris"}        {"type":"calibrate"}
//   {"type":"calibrated","id","clock_step_ms","mflops":[a rate for each slice],"threads","hardware_threads","isolated"}
#pragma once

#include <optional>
#include <string>

#include "shared/base/json.h"
#include "shared/compare/comparison.h"

namespace coppice::compare {

// None where `type` is not one of these. A malformed event changes nothing.
std::optional<Status> apply_choice_event(const std::string& type, JsonReader& event, Comparison& comparison);

}  // namespace coppice::compare
