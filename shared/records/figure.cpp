#include "shared/records/figure.h"

namespace coppice::records {

Result<FigureParts> parse_figure_parts(const Json& json, const std::string& where) {
  using energy::ProvenanceKind;
  JsonReader reader(json, where);
  FigureParts parts;
  parts.value = reader.number("value");
  parts.low = reader.number("low");
  parts.high = reader.number("high");
  const std::string provenance = reader.string("provenance");
  parts.provenance.method = reader.string_or("method", "");
  if (reader.status().ok() && !(parts.low <= parts.value && parts.value <= parts.high)) {
    reader.fail("value", "is outside its interval \"low\" to \"high\"");
  }
  bool known = false;
  for (const auto kind :
       {ProvenanceKind::kMeasured, ProvenanceKind::kModelled, ProvenanceKind::kAssumed, ProvenanceKind::kMixed}) {
    if (provenance != energy::to_string(kind)) continue;
    parts.provenance.kind = kind;
    known = true;
  }
  if (reader.status().ok() && !known) {
    reader.fail("provenance", "is \"" + provenance + "\"; expected measured, modelled, assumed or mixed");
  }
  if (!reader.status().ok()) return reader.status();
  return parts;
}

Result<MetricValue> parse_metric_value(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  MetricValue metric;
  metric.value = reader.number("value");
  if (reader.has("low") != reader.has("high")) reader.fail("low", "an interval needs both \"low\" and \"high\"");
  if (reader.has("low") && reader.has("high")) {
    metric.low = reader.number("low");
    metric.high = reader.number("high");
    if (reader.status().ok() && *metric.low > *metric.high) reader.fail("low", "is above \"high\"");
  }
  if (!reader.status().ok()) return reader.status();
  return metric;
}

OrderedJson to_json(const MetricValue& metric) {
  OrderedJson json;
  json["value"] = metric.value;
  if (metric.low && metric.high) {
    json["low"] = *metric.low;
    json["high"] = *metric.high;
  }
  return json;
}

}  // namespace coppice::records
