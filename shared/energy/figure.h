// A number with what one must know to trust it: an interval, and whether it was measured, modelled or assumed.
#pragma once

#include <string>

#include "shared/base/json.h"
#include "shared/energy/units.h"

namespace coppice::energy {

enum class ProvenanceKind {
  kMeasured,  // read from a counter
  kModelled,  // worked out by a named model from inputs that were observed
  kAssumed,   // a default stands in for something unknown
  kMixed,     // a sum or product of figures of different kinds; the method names them
};

// "measured", "modelled", "assumed" or "mixed".
const char* to_string(ProvenanceKind kind);

struct Provenance {
  ProvenanceKind kind = ProvenanceKind::kAssumed;
  std::string method;  // which counter, model or default, and its inputs
};

// The provenance of a sum: of one kind if both are, else mixed; the methods are joined (equal ones once).
Provenance combine(const Provenance& a, const Provenance& b);

// `low` and `high` bound the value; what the interval covers is part of the method. low <= value <= high.
template <typename Unit>
struct Figure {
  Unit value;
  Unit low;
  Unit high;
  Provenance provenance;
};

// Intervals add end to end: the errors of models fed by the same load move together, so none is assumed to cancel.
template <typename Unit>
Figure<Unit> operator+(const Figure<Unit>& a, const Figure<Unit>& b) {
  return {a.value + b.value, a.low + b.low, a.high + b.high, combine(a.provenance, b.provenance)};
}

template <typename Unit>
Figure<Unit> operator*(const Figure<Unit>& figure, double factor) {
  return {figure.value * factor, figure.low * factor, figure.high * factor, figure.provenance};
}

// Emissions of an energy at one intensity. The interval carries the energy's; the intensity has none published.
Figure<GramsCo2e> emissions_of(const Figure<Joules>& energy, GramsPerKwh intensity,
                               const std::string& intensity_source);

// {"value", "low", "high", "provenance", "method"}: the unit belongs in the name of the field that holds it.
template <typename Unit>
OrderedJson to_json(const Figure<Unit>& figure) {
  OrderedJson json;
  json["value"] = figure.value.value();
  json["low"] = figure.low.value();
  json["high"] = figure.high.value();
  json["provenance"] = to_string(figure.provenance.kind);
  json["method"] = figure.provenance.method;
  return json;
}

}  // namespace coppice::energy
