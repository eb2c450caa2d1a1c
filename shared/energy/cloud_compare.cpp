#include "shared/energy/cloud_compare.h"

#include <algorithm>

namespace coppice::energy {

ReportedCarbon& ReportedCarbon::operator+=(const ReportedCarbon& other) {
  location_kg += other.location_kg;
  market_kg += other.market_kg;
  scope1_kg += other.scope1_kg;
  scope2_location_kg += other.scope2_location_kg;
  scope2_market_kg += other.scope2_market_kg;
  scope3_kg += other.scope3_kg;
  return *this;
}

CloudComparison compare_cloud(const ReportedCarbon& reported, const CloudEstimate& estimate, const CloudHost& host,
                              double vcpu_seconds, GramsPerKwh intensity, double pue, const ReportedBasis& basis) {
  CloudComparison comparison;
  comparison.reported_kg = reported.location_kg;
  comparison.ours_kg = estimate.total.value.value() / 1000.0;
  comparison.inside_interval = reported.location_kg * 1000.0 >= estimate.total.low.value() &&
                               reported.location_kg * 1000.0 <= estimate.total.high.value();
  if (estimate.market && estimate.market->value.value() > 0.0) {
    comparison.market_ratio = reported.market_kg * 1000.0 / estimate.market->value.value();
  }
  if (!(comparison.reported_kg > 0.0 && comparison.ours_kg > 0.0)) return comparison;
  const double ratio = comparison.reported_kg / comparison.ours_kg;
  comparison.ratio = ratio;

  double left = ratio;
  const auto add = [&](const char* name, double value, ProvenanceKind kind, const std::string& method) {
    comparison.factors.push_back({name, value, {kind, method}});
    left /= value;
  };
  if (intensity.value() > 0.0 && basis.intensity.value() > 0.0) {
    add("grid_year", basis.intensity / intensity, ProvenanceKind::kModelled,
        basis.intensity_source + ", against the intensity of our estimate");
  }
  add("pue", basis.pue / pue, ProvenanceKind::kAssumed, basis.pue_source + ", against the PUE of our estimate");
  const double reported_operational = reported.scope1_kg + reported.scope2_location_kg;
  const double our_operational = estimate.operational.value.value() / 1000.0;
  // A report that is nothing but scope 3 has no electricity to compare.
  if (reported_operational > 1e-9 * reported.location_kg && our_operational > 0.0) {
    add("embodied", (our_operational / comparison.ours_kg) / (reported_operational / reported.location_kg),
        ProvenanceKind::kModelled, "scope 3's share of the report, against the embodied share of our estimate");
  }
  // The energy of the machines is left. Our processor's part of it moves with the load, the others' does not.
  const double processor = estimate.processor.value.value();
  const double others = estimate.machines.value.value() - processor;
  const double span = (host.vcpu.max_watts - host.vcpu.min_watts) * vcpu_seconds;
  if (processor > 0.0 && span > 0.0) {
    const double wanted = estimate.machines.value.value() * left - others;
    const double load = (wanted - host.vcpu.min_watts * vcpu_seconds) / span;
    const double used = std::clamp(load, 0.0, 1.0);
    comparison.implied_utilisation = used;
    add("utilisation",
        ((vcpu_watts(host.vcpu, used) * Seconds(vcpu_seconds)).value() + others) / estimate.machines.value.value(),
        ProvenanceKind::kModelled,
        used == load ? "the load of our vCPUs that makes the two agree"
                     : "the load nearest to agreement; no load of 0 to 1 makes the two agree");
  }
  add("rest", left, ProvenanceKind::kAssumed,
      "not explained by the others: idle capacity that all carry, network and storage, other hardware, another method");
  return comparison;
}

}  // namespace coppice::energy
