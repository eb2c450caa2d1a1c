#include "wasm/platform/clock.h"

#include <emscripten.h>

namespace coppice::platform {

double seconds() { return emscripten_get_now() * 1e-3; }

}  // namespace coppice::platform
