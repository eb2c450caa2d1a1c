#include "native/load/summary.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "shared/metrics/robust.h"

namespace coppice::load {
namespace {

constexpr double kLateSeconds = 0.005;
// 2,000 resamples of a million values would take minutes; fewer of many values are as narrow.
constexpr double kMostDraws = 2e8;

Result<OrderedJson> percentiles_of(const std::vector<double>& milliseconds) {
  OrderedJson json;
  json["n"] = milliseconds.size();
  const auto draws = kMostDraws / static_cast<double>(milliseconds.size());
  const int resamples = std::clamp(static_cast<int>(draws), 100, 2000);
  for (const double percent : {50.0, 90.0, 95.0, 99.0}) {
    COPPICE_ASSIGN_OR_RETURN(const double value, metrics::percentile(milliseconds, percent));
    COPPICE_ASSIGN_OR_RETURN(const metrics::Interval interval,
                             metrics::percentile_interval(milliseconds, percent, resamples));
    json["p" + std::to_string(static_cast<int>(percent))] = {
        {"value", value}, {"low", interval.low}, {"high", interval.high}};
  }
  json["max"] = *std::max_element(milliseconds.begin(), milliseconds.end());
  return json;
}

Status put_percentiles(OrderedJson& json, const char* name, const std::vector<double>& milliseconds) {
  if (milliseconds.empty()) return {};
  COPPICE_ASSIGN_OR_RETURN(json[name], percentiles_of(milliseconds));
  return {};
}

}  // namespace

bool is_refusal(long code) { return code == 429 || code == 503; }

Result<OrderedJson> summarise_load(const std::vector<Sample>& samples, double offered_per_second) {
  if (samples.empty()) return failed("no request was sent");
  std::vector<double> latency;
  std::vector<double> service;
  std::vector<double> cold;
  std::vector<double> refused_after;
  std::map<std::string, size_t> by_outcome;
  std::set<std::string> instances;
  size_t refused = 0;
  size_t late = 0;
  double latest = 0.0;
  double end = 0.0;
  for (const Sample& sample : samples) {
    const double milliseconds = (sample.done - sample.due) * 1000.0;
    ++by_outcome[sample.answer.code != 0 ? std::to_string(sample.answer.code) : sample.answer.error];
    if (!sample.answer.instance.empty()) instances.insert(sample.answer.instance);
    if (sample.sent - sample.due > kLateSeconds) ++late;
    latest = std::max(latest, sample.sent - sample.due);
    end = std::max(end, sample.done);
    if (sample.answer.code == 200) {
      (sample.answer.cold ? cold : latency).push_back(milliseconds);
      if (!sample.answer.cold) service.push_back((sample.done - sample.sent) * 1000.0);
    } else if (is_refusal(sample.answer.code)) {
      ++refused;
      refused_after.push_back(milliseconds);
    }
  }
  const size_t answered = latency.size() + cold.size();
  OrderedJson json;
  json["requests"] = samples.size();
  json["answered"] = answered;
  json["refused"] = refused;
  json["failed"] = samples.size() - answered - refused;
  json["by_outcome"] = by_outcome;
  json["seconds"] = end;
  json["offered_per_second"] = offered_per_second;
  json["answered_per_second"] = end > 0.0 ? static_cast<double>(answered) / end : 0.0;
  COPPICE_RETURN_IF_ERROR(put_percentiles(json, "latency_ms", latency));
  COPPICE_RETURN_IF_ERROR(put_percentiles(json, "service_ms", service));
  COPPICE_RETURN_IF_ERROR(put_percentiles(json, "cold_ms", cold));
  COPPICE_RETURN_IF_ERROR(put_percentiles(json, "refused_ms", refused_after));
  json["sent_late"] = {{"requests", late}, {"max_ms", latest * 1000.0}};
  if (!instances.empty()) json["instances_seen"] = instances.size();
  json["method"] =
      "latency from when a request was due at the constant rate (coordinated omission avoided), service from when it "
      "was "
      "sent; 95 % percentile bootstrap over requests, too narrow where requests queue, since neighbours are alike";
  return json;
}

}  // namespace coppice::load
