// --live: the intensity of the hour from Electricity Maps, by the token of the environment, of a file or of
// CodeCarbon's settings. Of coppice-tools, which has the network library.
#pragma once

#include "native/cli/place_options.h"

namespace coppice::cli {

// A LiveSourceMaker.
Result<LiveSource> live_source(const PlaceArguments& arguments, const Say& say);

}  // namespace coppice::cli
