// A short run of each kind of work on this machine, with the life cycle's own model, data and lengths: what a token, a
// start, a file cost. The plan's predictions are made of these.
#pragma once

#include <functional>
#include <string>

#include "native/lifecycle/config.h"
#include "native/lifecycle/cost.h"
#include "native/lifecycle/plan.h"
#include "shared/energy/carbon.h"

namespace coppice::lifecycle {

struct ProbeOptions {
  std::string directory;  // of the run; the probe works in DIR/probe, which is removed at the end
  std::string base;
  std::string data;
  std::string coppice;
  std::string node;             // of the browser's runtime
  std::string browser_missing;  // why that cannot be probed; "": it can
  DataSizes sizes;
  energy::PlaceQuery place;
  std::function<void(const std::string&)> on_line;
};

// kInterrupted when it was asked to stop.
Result<Rates> run_probe(const Config& config, const ProbeOptions& options);

}  // namespace coppice::lifecycle
