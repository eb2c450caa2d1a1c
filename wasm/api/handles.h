// What the opaque handles of the C ABI are, and how failures cross it.
#pragma once

#include <string>

#include "shared/base/status.h"
#include "shared/compare/comparison.h"
#include "wasm/api/coppice_api.h"

struct coppice_comparison {
  coppice::compare::Comparison comparison;
  std::string output;  // what the last call that returned text points to
};

namespace coppice::api {

// Keeps the message for coppice_last_error() and turns the code into the ABI's.
coppice_status report(const Status& status);

}  // namespace coppice::api
