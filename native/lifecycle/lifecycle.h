// Runs a life cycle: each step once, again only where its inputs have changed, on from where it was stopped.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "native/lifecycle/config.h"
#include "native/lifecycle/journal.h"
#include "native/lifecycle/plan.h"

namespace coppice::lifecycle {

struct LifecycleOptions {
  Config config;
  std::string directory;
  Tools tools;
  std::vector<std::string> command;  // as typed, for lifecycle.json
};

struct LifecycleEvents {
  std::function<void(const std::string& line)> note;  // for standard error
  std::function<void(const std::string& step, const std::string& line)>
      progress;  // last line of the running step's log
};

struct LifecycleOutcome {
  OrderedJson document;             // lifecycle.json
  std::vector<std::string> failed;  // steps that the others did without
};

// kFailed: a step failed that others need (its id and the end of its log are in the message). kInterrupted: stopped on
// request. In both cases the same call goes on.
Result<LifecycleOutcome> run_lifecycle(const LifecycleOptions& options, const LifecycleEvents& events);

// What a call would do, step by step: {"id","what","would":"run"|"skip"|"unavailable","reason","command","predicted"}.
// Nothing is run, and nothing written.
Result<OrderedJson> dry_run(const LifecycleOptions& options);

// A table of steps with their predictions, and the sums.
std::string plan_table(const OrderedJson& steps, const OrderedJson& prediction);
// How the result lies to the prediction; "" without one.
std::string outcome_text(const OrderedJson& document);

}  // namespace coppice::lifecycle
