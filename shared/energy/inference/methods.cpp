#include "shared/energy/inference/methods.h"

namespace coppice::energy {
namespace {

constexpr InferenceMethodInfo kMethods[] = {
    {InferenceMethod::kTimePower, "time_power", "Time × power of the device",
     "The whole device while it works, screen and idle share included."},
    {InferenceMethod::kOperations, "operations", "Operations × energy per operation",
     "The processor's work on the encoder alone: no screen, no main memory, no idle share."},
    {InferenceMethod::kShipped, "shipped", "Native run in the manifest",
     "Another machine: the processor and memory share of the run that the model was shipped with."},
};

}  // namespace

std::span<const InferenceMethodInfo> inference_methods() { return kMethods; }

const InferenceMethodInfo& info_of(InferenceMethod method) {
  for (const InferenceMethodInfo& info : kMethods) {
    if (info.method == method) return info;
  }
  return kMethods[0];
}

std::optional<InferenceMethod> find_inference_method(std::string_view id) {
  for (const InferenceMethodInfo& info : kMethods) {
    if (id == info.id) return info.method;
  }
  return std::nullopt;
}

}  // namespace coppice::energy
