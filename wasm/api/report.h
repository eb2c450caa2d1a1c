// How failures cross the C ABI.
#pragma once

#include <string>

#include "shared/base/status.h"
#include "wasm/api/coppice_api.h"

namespace coppice::api {

// Keeps the message for coppice_last_error() and turns the code into the ABI's.
coppice_status report(const Status& status);

// A handle or an output that is NULL.
inline Status missing(const char* what) { return invalid_usage(std::string(what) + " is NULL"); }

}  // namespace coppice::api
