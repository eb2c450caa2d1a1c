// What the machine gives the library: the core has no clock. Defined once a build, by native/core_api/platform.cpp or
// by wasm/platform/core_api_platform.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/engine/linear.h"

namespace coppice::core_api::platform {

// Seconds of a clock that never goes back.
double seconds();
// Between two readings of it that differ.
double clock_step_seconds();
// Fills in the members of `costs` that `choice` is made by, measured here: engine::ClassifierOptions::measure_costs.
void measure_costs(engine::FormatChoice choice, engine::KernelCosts& costs);
// Of a model's file. None in WebAssembly, where the JavaScript that hands files over has checked them by the browser's
// own (web/core/coppice-core.js).
std::optional<std::string> sha256_hex(std::string_view bytes);
// That a model's weights and its memory of one review may take; 0: as much as there is.
int64_t memory_limit_bytes();

}  // namespace coppice::core_api::platform
