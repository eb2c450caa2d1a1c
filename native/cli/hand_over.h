// carbon, sci and track ask the network with --live, and only coppice-tools has a library for it.
#pragma once

#include <functional>

#include "native/cli/place_options.h"

namespace coppice::cli {

// Does `work`, which returns the exit code; where it would need the network and this program has none, coppice-tools
// takes the place of this process with the same words. `name` is the command's, for messages.
int work_or_hand_over(const char* name, const PlaceArguments& place, const LiveAccess& live,
                      const std::function<int()>& work);

}  // namespace coppice::cli
