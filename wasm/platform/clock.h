// The browser's clock for what the core times itself.
#pragma once

namespace coppice::platform {

// Seconds of a clock that never goes back: performance.now(), whose steps are 5 to 1,000 microseconds by the browser.
double seconds();

}  // namespace coppice::platform
