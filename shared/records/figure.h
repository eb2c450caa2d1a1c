// Figures with unit, interval and provenance (shared/energy/figure.h) as they are read back from records, and scores.
// The unit is in the name of the member that holds the figure ("energy_joules"); a figure that is not known is absent,
// never 0.
#pragma once

#include <optional>
#include <string>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/energy/figure.h"

namespace coppice::records {

struct FigureParts {
  double value = 0;
  double low = 0;
  double high = 0;
  energy::Provenance provenance;
};

// {"value","low","high","provenance","method"}, as energy::to_json writes it.
Result<FigureParts> parse_figure_parts(const Json& json, const std::string& where);

// The unit is the caller's to know: it reads the member whose name says it.
template <typename Unit>
Result<energy::Figure<Unit>> parse_figure(const Json& json, const std::string& where) {
  COPPICE_ASSIGN_OR_RETURN(FigureParts parts, parse_figure_parts(json, where));
  return energy::Figure<Unit>{Unit(parts.value), Unit(parts.low), Unit(parts.high), std::move(parts.provenance)};
}

// A score with its 95 % interval.
struct MetricValue {
  double value = 0;
  std::optional<double> low;  // low and high: both or none
  std::optional<double> high;
};

Result<MetricValue> parse_metric_value(const Json& json, const std::string& where);
OrderedJson to_json(const MetricValue& metric);

}  // namespace coppice::records
