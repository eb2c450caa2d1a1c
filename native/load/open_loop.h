// Load at a constant rate, whatever the server does: a request is due at its time of the schedule, and its latency
// counts from then. A client that waits for the answer before it sends the next would ask a slow server less, and leave
// out just the requests that would have waited ("coordinated omission").
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "shared/base/status.h"

namespace coppice::load {

struct Schedule {
  double per_second = 10.0;
  double seconds = 30.0;
  size_t connections = 64;  // worker threads, each with a connection of its own
};

// What one request came to.
struct Answer {
  long code = 0;      // HTTP status; 0: none
  std::string error;  // why there is none
  bool cold = false;  // by an instance that started after the request was sent
  std::string instance = {};
};

struct Sample {
  double due = 0.0;   // seconds since the schedule's begin
  double sent = 0.0;  // later than due where all connections were busy
  double done = 0.0;
  Answer answer;
};

// Called on the worker's own thread: `worker` < connections, `index` counts requests.
using Send = std::function<Answer(size_t worker, size_t index)>;
// Asked between requests; true ends the schedule early.
using Stop = std::function<bool()>;

// Sends floor(per_second x seconds) requests, at least one, and returns when all are answered. With all connections
// busy what is due waits here, and the wait counts. Errors: a rate or time that makes no sense, threads that cannot
// start.
Result<std::vector<Sample>> run_open_loop(const Schedule& schedule, const Send& send, const Stop& stop);

}  // namespace coppice::load
