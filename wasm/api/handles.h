// What the opaque handles are that several files of the C ABI know.
#pragma once

#include <string>

#include "shared/compare/comparison.h"
#include "wasm/api/coppice_api.h"

struct coppice_comparison {
  coppice::compare::Comparison comparison;
  std::string output;  // what the last call that returned text points to
};
