#include "shared/energy/figure.h"

namespace coppice::energy {

const char* to_string(ProvenanceKind kind) {
  switch (kind) {
    case ProvenanceKind::kMeasured:
      return "measured";
    case ProvenanceKind::kModelled:
      return "modelled";
    case ProvenanceKind::kAssumed:
      return "assumed";
    case ProvenanceKind::kMixed:
      return "mixed";
  }
  return "assumed";
}

namespace {

std::string labelled(const Provenance& provenance) {
  if (provenance.kind == ProvenanceKind::kMixed) return provenance.method;
  return std::string(to_string(provenance.kind)) + ": " + provenance.method;
}

}  // namespace

Provenance combine(const Provenance& a, const Provenance& b) {
  if (a.kind == b.kind) {
    if (a.method == b.method || b.method.empty()) return a;
    if (a.method.empty()) return b;
    return {a.kind, a.method + " + " + b.method};
  }
  // A sum of sums does not repeat a part that it already names.
  const std::string first = labelled(a);
  const std::string second = labelled(b);
  if (first.find(second) != std::string::npos) return {ProvenanceKind::kMixed, first};
  return {ProvenanceKind::kMixed, first + " + " + second};
}

Figure<GramsCo2e> emissions_of(const Figure<Joules>& energy, GramsPerKwh intensity,
                               const std::string& intensity_source) {
  Provenance provenance = energy.provenance;
  provenance.method += " x " + intensity_source;
  return {energy.value * intensity, energy.low * intensity, energy.high * intensity, provenance};
}

}  // namespace coppice::energy
