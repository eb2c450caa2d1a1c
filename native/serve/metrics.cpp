#include "native/serve/metrics.h"

#include <charconv>

namespace coppice::serve {
namespace {

std::string number(double value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

void head(std::string& out, const char* name, const char* type, const char* help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name).append(" ");
  out.append(type).append("\n");
}

void sample(std::string& out, const char* name, const std::string& labels, const std::string& value) {
  out.append(name);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(value).append("\n");
}

std::string label(const char* name, const std::string& value) {
  // Values are routes, statuses and ids of models, none of which holds a quote or a backslash.
  return std::string(name).append("=\"").append(value).append("\"");
}

}  // namespace

const char* to_string(Route route) {
  switch (route) {
    case Route::kClassify:
      return "/v1/classify";
    case Route::kModels:
      return "/v1/models";
    case Route::kHealth:
      return "/healthz";
    case Route::kReady:
      return "/readyz";
    case Route::kMetrics:
      return "/metrics";
    case Route::kOpenApi:
      return "/openapi.json";
    case Route::kPage:
      return "page";
    case Route::kNone:
      return "none";
  }
  return "none";
}

void Metrics::count_request(Route route, int status, double seconds) {
  const std::lock_guard lock(mutex_);
  ++requests_[{route, status}];
  Histogram& histogram = seconds_[route];
  size_t bucket = 0;
  while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
  ++histogram.counts[bucket];
  histogram.sum += seconds;
}

void Metrics::count_texts(const std::string& model, size_t texts) {
  const std::lock_guard lock(mutex_);
  texts_[model] += texts;
}

void Metrics::count_run(size_t texts) {
  const std::lock_guard lock(mutex_);
  ++runs_;
  run_texts_ += texts;
}

void Metrics::count_refused_connection() {
  const std::lock_guard lock(mutex_);
  ++refused_;
}

std::string Metrics::prometheus(const std::string& gauges) const {
  const std::lock_guard lock(mutex_);
  std::string out;
  head(out, "coppice_http_requests_total", "counter", "Answers by route and status.");
  for (const auto& [key, count] : requests_) {
    sample(out, "coppice_http_requests_total",
           label("route", to_string(key.first)) + "," + label("status", std::to_string(key.second)),
           std::to_string(count));
  }
  head(out, "coppice_http_request_duration_seconds", "histogram",
       "Time from a request's head to the end of its answer.");
  for (const auto& [route, histogram] : seconds_) {
    const std::string of_route = label("route", to_string(route));
    uint64_t below = 0;
    for (size_t i = 0; i < kBounds.size(); ++i) {
      below += histogram.counts[i];
      sample(out, "coppice_http_request_duration_seconds_bucket", of_route + "," + label("le", number(kBounds[i])),
             std::to_string(below));
    }
    below += histogram.counts.back();
    sample(out, "coppice_http_request_duration_seconds_bucket", of_route + "," + label("le", "+Inf"),
           std::to_string(below));
    sample(out, "coppice_http_request_duration_seconds_sum", of_route, number(histogram.sum));
    sample(out, "coppice_http_request_duration_seconds_count", of_route, std::to_string(below));
  }
  head(out, "coppice_classified_texts_total", "counter", "Texts judged, by model.");
  for (const auto& [model, count] : texts_) {
    sample(out, "coppice_classified_texts_total", label("model", model), std::to_string(count));
  }
  head(out, "coppice_model_runs_total", "counter", "Runs of a model; each judges the texts that waited.");
  sample(out, "coppice_model_runs_total", "", std::to_string(runs_));
  head(out, "coppice_model_run_texts_total", "counter", "Texts of all runs.");
  sample(out, "coppice_model_run_texts_total", "", std::to_string(run_texts_));
  head(out, "coppice_connections_refused_total", "counter", "Connections answered with 503 for want of room.");
  sample(out, "coppice_connections_refused_total", "", std::to_string(refused_));
  return out.append(gauges);
}

}  // namespace coppice::serve
