// The core's hash under the name this folder uses.
#pragma once

#include "shared/base/stable_hash.h"

namespace coppice::data {

using coppice::mix64;
using coppice::stable_hash;

}  // namespace coppice::data
