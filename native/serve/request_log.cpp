#include "native/serve/request_log.h"

#include <unistd.h>

#include <charconv>

#include "shared/base/json.h"

namespace coppice::serve {
namespace {

bool is_hex(std::string_view text, size_t length) {
  return text.size() == length && text.find_first_not_of("0123456789abcdef") == std::string_view::npos &&
         text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

TraceId parse_trace(std::string_view traceparent, std::string_view cloud_trace_context) {
  // "00-TRACE-SPAN-FLAGS"
  if (traceparent.size() >= 55 && traceparent[2] == '-' && traceparent[35] == '-' && traceparent[52] == '-' &&
      is_hex(traceparent.substr(3, 32), 32) && is_hex(traceparent.substr(36, 16), 16)) {
    return {std::string(traceparent.substr(3, 32)), std::string(traceparent.substr(36, 16)),
            (traceparent[54] - '0') % 2 == 1};
  }
  const size_t slash = cloud_trace_context.find('/');
  const std::string_view trace = cloud_trace_context.substr(0, slash);
  if (!is_hex(trace, 32)) return {};
  TraceId id{std::string(trace), "", cloud_trace_context.ends_with(";o=1")};
  if (slash == std::string_view::npos) return id;
  const std::string_view rest = cloud_trace_context.substr(slash + 1);
  uint64_t span = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), span);
  if (error != std::errc() || (end != rest.data() + rest.size() && *end != ';') || span == 0) return id;
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) id.span += kDigits[(span >> shift) & 15];
  return id;
}

std::string log_line(const LogEntry& entry, const std::string& project) {
  OrderedJson json;
  json["severity"] = entry.status >= 500 ? "ERROR" : entry.status >= 400 ? "WARNING" : "INFO";
  std::string message = entry.method;
  message.append(" ").append(to_string(entry.route)).append(" ").append(std::to_string(entry.status));
  json["message"] = message;
  // "0.012345s", as google.logging.type.HttpRequest writes a duration.
  char seconds[32];
  char* end = std::to_chars(seconds, seconds + sizeof seconds, entry.seconds, std::chars_format::fixed, 6).ptr;
  json["httpRequest"] = {{"requestMethod", entry.method},
                         {"requestUrl", to_string(entry.route)},
                         {"status", entry.status},
                         {"latency", std::string(seconds, end).append("s")}};
  if (entry.texts > 0) json["texts"] = entry.texts;
  if (!entry.trace.trace.empty()) {
    std::string name;
    if (!project.empty()) name.append("projects/").append(project).append("/traces/");
    json["logging.googleapis.com/trace"] = name.append(entry.trace.trace);
    if (!entry.trace.span.empty()) json["logging.googleapis.com/spanId"] = entry.trace.span;
    json["logging.googleapis.com/trace_sampled"] = entry.trace.sampled;
  }
  return dump_json(json) + "\n";
}

void write_log_line(int fd, const std::string& line) {
  [[maybe_unused]] const auto written = ::write(fd, line.data(), line.size());
}

}  // namespace coppice::serve
