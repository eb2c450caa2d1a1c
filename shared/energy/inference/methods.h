// The energy of one inference on a machine without a power meter: three named models of it, which do not count the same
// things. Their bands are ranges of what the input may be, no statistical intervals.
//
//   time_power   v1   time x power of the whole device         screen, memory and idle share included: the most
//   operations   v1   operations x energy per operation        the processor's work alone: the least
//   shipped      v1   the native run in the model's manifest   another machine, by its counters or their model
//
// Each has a file of its own beside this one.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace coppice::energy {

enum class InferenceMethod { kTimePower, kOperations, kShipped };

struct InferenceMethodInfo {
  InferenceMethod method;
  const char* id;      // "time_power"
  const char* name;    // for people: "Time x power of the device"
  const char* counts;  // what is in the figure and what is not, one sentence
};

// time_power first: the default.
std::span<const InferenceMethodInfo> inference_methods();
const InferenceMethodInfo& info_of(InferenceMethod method);
std::optional<InferenceMethod> find_inference_method(std::string_view id);

}  // namespace coppice::energy
