#include "shared/records/figure.h"

#include <cmath>

namespace coppice::records {
namespace {

template <typename Record>
void read_value_and_interval(JsonReader& reader, Record& record) {
  record.value = reader.number("value");
  if (reader.has("low") != reader.has("high")) {
    reader.fail("low", "an interval needs both \"low\" and \"high\"");
    return;
  }
  if (!reader.has("low")) return;
  record.low = reader.number("low");
  record.high = reader.number("high");
  if (reader.status().ok() && *record.low > *record.high) reader.fail("low", "is above \"high\"");
}

template <typename Record>
void write_value_and_interval(OrderedJson& json, const Record& record) {
  json["value"] = record.value;
  if (record.low && record.high) {
    json["low"] = *record.low;
    json["high"] = *record.high;
  }
}

// "a + b" without naming a part twice.
std::string joined(const std::string& a, const std::string& b) {
  if (a == b || b.empty()) return a;
  if (a.empty()) return b;
  return (" + " + a + " + ").find(" + " + b + " + ") != std::string::npos ? a : a + " + " + b;
}

}  // namespace

Result<Figure> parse_figure(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  Figure figure;
  read_value_and_interval(reader, figure);
  figure.provenance = reader.string("provenance");
  figure.method = reader.string_or("method", "");
  if (reader.status().ok() && figure.provenance != "measured" && figure.provenance != "modelled" &&
      figure.provenance != "assumed" && figure.provenance != "mixed") {
    reader.fail("provenance", "is \"" + figure.provenance + "\"; expected measured, modelled, assumed or mixed");
  }
  if (!reader.status().ok()) return reader.status();
  return figure;
}

OrderedJson to_json(const Figure& figure) {
  OrderedJson json;
  write_value_and_interval(json, figure);
  json["provenance"] = figure.provenance;
  if (!figure.method.empty()) json["method"] = figure.method;
  return json;
}

Figure add(const Figure& a, const Figure& b) {
  Figure sum;
  sum.value = a.value + b.value;
  if (a.low && a.high && b.low && b.high) {
    sum.low = *a.low + *b.low;
    sum.high = *a.high + *b.high;
  }
  if (a.provenance == b.provenance) {
    sum.provenance = a.provenance;
    sum.method = joined(a.method, b.method);
  } else {
    const auto labelled = [](const Figure& f) {
      return f.provenance == "mixed" || f.method.empty() ? f.method : f.provenance + ": " + f.method;
    };
    sum.provenance = "mixed";
    sum.method = joined(labelled(a), labelled(b));
  }
  return sum;
}

Result<MetricValue> parse_metric_value(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  MetricValue metric;
  read_value_and_interval(reader, metric);
  if (!reader.status().ok()) return reader.status();
  return metric;
}

OrderedJson to_json(const MetricValue& metric) {
  OrderedJson json;
  write_value_and_interval(json, metric);
  return json;
}

}  // namespace coppice::records
