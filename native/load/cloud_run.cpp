#include "native/load/cloud_run.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "native/net/interrupt.h"
#include "native/net/request.h"

namespace coppice::load {
namespace {

constexpr const char* kMonitoring = "https://monitoring.googleapis.com";
constexpr const char* kMetric = "run.googleapis.com/container/instance_count";
constexpr size_t kMostPages = 50;
constexpr double kAskAgainSeconds = 15.0;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string percent_encoded(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return out;
}

std::string rfc3339(std::time_t time) {
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

std::string label_of(const Json& holder, const char* name) {
  if (!holder.is_object() || !holder.contains("labels")) return "";
  const Json& labels = holder["labels"];
  return labels.is_object() && labels.contains(name) && labels[name].is_string() ? labels[name].get<std::string>() : "";
}

// {"value":{"int64Value":"2"}}: protobuf's JSON writes 64-bit integers as strings.
std::optional<double> value_of(const Json& point) {
  if (!point.is_object() || !point.contains("value") || !point["value"].is_object()) return std::nullopt;
  const Json& value = point["value"];
  if (value.contains("doubleValue") && value["doubleValue"].is_number()) return value["doubleValue"].get<double>();
  if (!value.contains("int64Value") || !value["int64Value"].is_string()) return std::nullopt;
  const std::string digits = value["int64Value"].get<std::string>();
  int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return static_cast<double>(number);
}

Result<std::string> access_token() {
  std::string token = environment("CLOUDSDK_AUTH_ACCESS_TOKEN");
  if (!token.empty()) return token;
  const std::string host = environment("GCE_METADATA_HOST");
  net::GetRequest request;
  request.url = "http://" + (host.empty() ? "metadata.google.internal" : host) +
                "/computeMetadata/v1/instance/service-accounts/default/token";
  request.headers = {{"Metadata-Flavor", "Google"}};
  request.timeout_seconds = 3.0;
  const Result<net::GetReply> reply = net::http_get(request);
  if (reply && reply->code == 200) {
    const Json json = Json::parse(reply->body, nullptr, false);
    if (json.is_object() && json.contains("access_token") && json["access_token"].is_string()) {
      return json["access_token"].get<std::string>();
    }
  }
  return not_found(
      "no credential: CLOUDSDK_AUTH_ACCESS_TOKEN is not set and no metadata server gave a token; "
      "export CLOUDSDK_AUTH_ACCESS_TOKEN=$(gcloud auth print-access-token)");
}

Result<OrderedJson> read_series(const CloudRunQuery& query, const std::string& token) {
  OrderedJson series = OrderedJson::array();
  const std::string filter =
      std::string("metric.type=\"") + kMetric + "\" AND resource.labels.service_name=\"" + query.service + "\"";
  // gcloud's own way to name another end point.
  const std::string other = environment("CLOUDSDK_API_ENDPOINT_OVERRIDES_MONITORING");
  std::string base = !query.monitoring_url.empty() ? query.monitoring_url : other.empty() ? kMonitoring : other;
  while (base.ends_with('/')) base.pop_back();
  std::string page;
  for (size_t i = 0; i < kMostPages; ++i) {
    net::GetRequest request;
    request.url = base + "/v3/projects/" + percent_encoded(query.project) +
                  "/timeSeries?filter=" + percent_encoded(filter) +
                  "&interval.startTime=" + percent_encoded(rfc3339(query.from)) +
                  "&interval.endTime=" + percent_encoded(rfc3339(query.to)) + "&view=FULL";
    if (!page.empty()) request.url.append("&pageToken=").append(percent_encoded(page));
    request.headers = {{"Authorization", "Bearer " + token}};
    request.timeout_seconds = 30.0;
    request.max_bytes = size_t{16} << 20;
    COPPICE_ASSIGN_OR_RETURN(const net::GetReply reply, net::http_get(request));
    if (reply.code != 200) {
      const Json json = Json::parse(reply.body, nullptr, false);
      std::string reason;
      if (json.is_object() && json.contains("error") && json["error"].is_object()) {
        reason = ": " + json["error"].value("message", "");
      }
      return failed("Cloud Monitoring answers " + std::to_string(reply.code) + reason +
                    "; expected a token with roles/monitoring.viewer on project " + query.project);
    }
    COPPICE_ASSIGN_OR_RETURN(const OrderedJson rows, parse_instance_counts(reply.body, page));
    for (const OrderedJson& row : rows) series.push_back(row);
    if (page.empty()) return series;
  }
  return failed("Cloud Monitoring: more than " + std::to_string(kMostPages) + " pages of time series");
}

}  // namespace

std::optional<std::string> cloud_run_service(std::string_view url) {
  const size_t begin = url.find("://");
  if (begin == std::string_view::npos) return std::nullopt;
  std::string_view host = url.substr(begin + 3);
  host = host.substr(0, host.find_first_of("/:?#"));
  if (!host.ends_with(".run.app")) return std::nullopt;
  std::string_view name = host.substr(0, host.find('.'));
  // SERVICE-HASH-REGION.a.run.app, or SERVICE-PROJECTNUMBER.REGION.run.app; a tag stands before "---".
  for (int parts = host.ends_with(".a.run.app") ? 2 : 1; parts > 0; --parts) {
    const size_t dash = name.rfind('-');
    if (dash == std::string_view::npos) return std::nullopt;
    name = name.substr(0, dash);
  }
  if (const size_t tag = name.find("---"); tag != std::string_view::npos) name = name.substr(tag + 3);
  if (name.empty()) return std::nullopt;
  return std::string(name);
}

Result<OrderedJson> parse_instance_counts(std::string_view body, std::string& next_page) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return invalid_input("Cloud Monitoring: expected a JSON object with timeSeries");
  next_page.clear();
  if (json.contains("nextPageToken") && json["nextPageToken"].is_string()) {
    next_page = json["nextPageToken"].get<std::string>();
  }
  OrderedJson rows = OrderedJson::array();
  if (!json.contains("timeSeries")) return rows;  // protobuf leaves out what is empty
  if (!json["timeSeries"].is_array()) return invalid_input("Cloud Monitoring: timeSeries: expected an array");
  for (const Json& one : json["timeSeries"]) {
    if (!one.is_object() || !one.contains("resource") || !one.contains("points") || !one["points"].is_array()) {
      return invalid_input("Cloud Monitoring: timeSeries: expected objects with resource and points");
    }
    double most = 0.0;
    double sum = 0.0;
    size_t points = 0;
    for (const Json& point : one["points"]) {
      const std::optional<double> value = value_of(point);
      if (!value) return invalid_input("Cloud Monitoring: a point without int64Value or doubleValue");
      most = std::max(most, *value);
      sum += *value;
      ++points;
    }
    if (points == 0) continue;
    const Json& resource = one["resource"];
    rows.push_back({{"revision", label_of(resource, "revision_name")},
                    {"region", label_of(resource, "location")},
                    {"service", label_of(resource, "service_name")},
                    {"project", label_of(resource, "project_id")},
                    {"state", one.contains("metric") ? label_of(one["metric"], "state") : ""},
                    {"instances_max", most},
                    {"instances_mean", sum / static_cast<double>(points)},
                    {"points", points}});
  }
  return rows;
}

Result<OrderedJson> read_cloud_run(const CloudRunQuery& query) {
  if (query.service.find_first_of("\"\\\r\n") != std::string::npos) {
    return invalid_usage("--cloud-service: \"" + query.service + "\" is no name of a service");
  }
  COPPICE_ASSIGN_OR_RETURN(const std::string token, access_token());
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    COPPICE_ASSIGN_OR_RETURN(OrderedJson series, read_series(query, token));
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
    if (!series.empty()) {
      OrderedJson json;
      json["source"] = std::string("Cloud Monitoring, ") + kMetric + ", one point a minute";
      json["project"] = query.project;
      json["service"] = query.service;
      json["from"] = rfc3339(query.from);
      json["to"] = rfc3339(query.to);
      json["series"] = std::move(series);
      return json;
    }
    const double left = query.wait_seconds - waited.count();
    if (left <= 0.0) {
      return not_found("Cloud Monitoring has no point of service " + query.service + " in project " + query.project +
                       " from " + rfc3339(query.from) + " to " + rfc3339(query.to) +
                       " yet; they are published up to 4 minutes late (--cloud-wait)");
    }
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::duration<double>(std::min(left, kAskAgainSeconds));
    while (std::chrono::steady_clock::now() < until) {
      if (net::interrupt_requested()) return interrupted("stopped while waiting for Cloud Monitoring");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
}

}  // namespace coppice::load
