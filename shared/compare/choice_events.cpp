#include "shared/compare/choice_events.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "shared/metrics/robust.h"

namespace coppice::compare {
namespace {

Status calibrated_event(JsonReader& event, Comparison& comparison) {
  const int64_t id = event.integer("id");
  Calibration calibration;
  calibration.clock_step_ms = event.number("clock_step_ms");
  calibration.threads = static_cast<int>(event.integer("threads"));
  calibration.hardware_threads = static_cast<int>(event.integer_or("hardware_threads", 0));
  calibration.isolated = event.boolean("isolated");
  const Json& rates = event.at("mflops");
  COPPICE_RETURN_IF_ERROR(event.status());
  std::vector<double> mflops;
  for (const Json& rate : rates) {
    if (rate.is_number() && rate.get<double>() > 0) mflops.push_back(rate.get<double>());
  }
  if (!rates.is_array() || mflops.empty() || mflops.size() != rates.size()) {
    event.fail("mflops", "expected at least one number, all above 0");
    return event.status();
  }
  if (!(calibration.clock_step_ms > 0) || !std::isfinite(calibration.clock_step_ms)) {
    event.fail("clock_step_ms", "expected a number above 0");
    return event.status();
  }
  COPPICE_ASSIGN_OR_RETURN(calibration.mflops, metrics::median(mflops));
  const auto [slowest, fastest] = std::minmax_element(mflops.begin(), mflops.end());
  calibration.mflops_range = {*slowest, *fastest};
  comparison.calibrated(id, calibration);
  return {};
}

}  // namespace

std::optional<Status> apply_choice_event(const std::string& type, JsonReader& event, Comparison& comparison) {
  if (type == "calibrate") return comparison.calibrate();
  if (type == "calibrated") return calibrated_event(event, comparison);
  if (type == "choose") {
    const std::string what = event.string("what");
    const std::string value = event.string("value");
    if (!event.status().ok()) return event.status();
    return comparison.choose(what, value);
  }
  if (type == "reviews") {
    const int64_t reviews = event.integer("value");
    if (!event.status().ok()) return event.status();
    return comparison.set_reviews(reviews);
  }
  if (type == "time_zone") {
    const std::string zone = event.string("value");
    if (!event.status().ok()) return event.status();
    comparison.tell_time_zone(zone);
    return Status();
  }
  return std::nullopt;
}

}  // namespace coppice::compare
