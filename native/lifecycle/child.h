// One program of a step: run with its words in a log, its energy tracked.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/energy/carbon.h"

namespace coppice::lifecycle {

struct ChildOptions {
  std::vector<std::string> command;
  std::string log;          // appended to
  std::string stdout_path;  // "": into the log. Written beside and renamed when the program has ended well
  energy::PlaceQuery place;
  std::function<void(const std::string& line)> on_line;  // of the log, about once a second
};

struct ChildResult {
  int exit_code = 0;           // as shells give it
  bool asked_to_stop = false;  // Ctrl-C or SIGTERM came
  std::string error;           // why it failed: the log's last line, or its signal; "" if it ended well
  double seconds = 0;
  double cpu_seconds = 0;
  OrderedJson energy;  // as in run records; null if nothing could be read or modelled
};

// An error only where the program cannot be started or its log not be written.
Result<ChildResult> run_child(const ChildOptions& options);

}  // namespace coppice::lifecycle
