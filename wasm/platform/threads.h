// Threads of a module for the engine's operators, in builds with them (COPPICE_WASM_THREADS): POSIX threads of
// Emscripten, which are workers that share the module's memory. In other builds there is one.
#pragma once

#include <cstddef>

#include "shared/engine/classifier.h"

namespace coppice::platform {

// Begins threads until there are `wanted`, the caller's included, and answers how many run by now, at least 1. They
// begin when the caller has returned to the browser, so that the first answer is 1. Without effect once threads() was
// called.
size_t use_threads(size_t wanted);

// Of as many as run at the first call. Null: one.
engine::Threads* threads();

}  // namespace coppice::platform
