// A number as records carry it: with an interval where one is known, and with where it comes from. The unit is in the
// name of the member that holds the figure ("energy_joules"); a figure that is not known is absent, never 0.
#pragma once

#include <optional>
#include <string>

#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::records {

struct Figure {
  double value = 0;
  std::optional<double> low;  // low and high: both or none
  std::optional<double> high;
  // "measured" (a counter), "modelled" (a formula with known inputs), "assumed" (a default), or "mixed" for a sum of
  // figures of different kinds, whose `method` names them.
  std::string provenance;
  std::string method;  // which counter, which model with which inputs, which default
};

Result<Figure> parse_figure(const Json& json, const std::string& where);
OrderedJson to_json(const Figure& figure);

// The sum, low with low and high with high (the intervals may be of one cause, so they are not combined as if
// independent). An addend without interval makes the sum one without. Different provenances give "mixed".
Figure add(const Figure& a, const Figure& b);

// A score with its 95 % interval.
struct MetricValue {
  double value = 0;
  std::optional<double> low;
  std::optional<double> high;
};

Result<MetricValue> parse_metric_value(const Json& json, const std::string& where);
OrderedJson to_json(const MetricValue& metric);

}  // namespace coppice::records
