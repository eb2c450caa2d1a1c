// One line of JSON an answer, as Cloud Logging reads it. What was asked is told by route, never by the address as it
// was typed nor by the body: a review's text is in no log.
#pragma once

#include <string>
#include <string_view>

#include "native/serve/metrics.h"

namespace coppice::serve {

// Of a request's headers, lower-case hex; empty where there is none or it is malformed.
struct TraceId {
  std::string trace;  // 32 digits
  std::string span;   // 16 digits
  bool sampled = false;
};
// traceparent (W3C Trace Context) first, else X-Cloud-Trace-Context: "TRACE/SPAN;o=1", whose span is decimal.
TraceId parse_trace(std::string_view traceparent, std::string_view cloud_trace_context);

struct LogEntry {
  std::string method;  // one that is known, else "OTHER"
  Route route = Route::kNone;
  int status = 0;
  double seconds = 0.0;
  size_t texts = 0;  // judged
  TraceId trace;
};

// `project` is Google Cloud's, "" where there is none: then the trace stands by its id alone. Ends with a line end.
std::string log_line(const LogEntry& entry, const std::string& project);

// Writes the line with one call, so that lines of several threads do not mix. Failures are ignored: a full log must not
// keep anybody from an answer.
void write_log_line(int fd, const std::string& line);

}  // namespace coppice::serve
