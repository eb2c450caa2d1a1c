#include "shared/energy/cloud_usage.h"

#include <cmath>

#include "shared/energy/site.h"

namespace coppice::energy {
namespace {

constexpr double kGbPerGib = 1.073741824;
// Cloud Carbon Footprint: 0.000392 kWh per GB-hour. Green Algorithms is the low end.
constexpr double kCloudWattsPerGb = 0.392;
constexpr double kCloudLowWattsPerGb = 0.3725;

Status check_amount(const char* name, double value) {
  if (std::isfinite(value) && value >= 0.0) return {};
  return invalid_usage(std::string(name) + ": expected a finite number that is not negative, not " +
                       std::to_string(value));
}

Figure<Joules> processor_energy(double vcpu_seconds, const CloudHost& host) {
  const Seconds time(vcpu_seconds);
  return {vcpu_watts(host.vcpu, host.utilisation) * time,
          vcpu_watts(host.vcpu, 0.0) * time,
          vcpu_watts(host.vcpu, 1.0) * time,
          {ProvenanceKind::kModelled,
           std::string("vCPU-seconds x watts per vCPU (Cloud Carbon Footprint, ") + host.vcpu.architecture +
               ") at utilisation " + std::to_string(host.utilisation).substr(0, 4) + "; interval: idle to full load"}};
}

Figure<Joules> memory_energy(double gib_seconds) {
  const double gb_seconds = gib_seconds * kGbPerGib;
  return {Joules(gb_seconds * kCloudWattsPerGb),
          Joules(gb_seconds * kCloudLowWattsPerGb),
          Joules(gb_seconds * kCloudWattsPerGb),
          {ProvenanceKind::kModelled,
           "GiB-seconds x 0.392 W per GB (Cloud Carbon Footprint); low end 0.3725 W (Green Algorithms)"}};
}

}  // namespace

Watts vcpu_watts(const VcpuRow& vcpu, double utilisation) {
  return Watts(vcpu.min_watts + utilisation * (vcpu.max_watts - vcpu.min_watts));
}

Figure<GramsCo2e> emissions_between(const Figure<Joules>& energy, const Figure<GramsPerKwh>& intensity) {
  return {energy.value * intensity.value, energy.low * intensity.low, energy.high * intensity.high,
          combine(energy.provenance, intensity.provenance)};
}

Result<CloudEstimate> estimate_cloud(const CloudUsage& usage, const CloudHost& host, const CloudSite& site) {
  COPPICE_RETURN_IF_ERROR(check_amount("vcpu_seconds", usage.vcpu_seconds));
  COPPICE_RETURN_IF_ERROR(check_amount("gib_seconds", usage.gib_seconds));
  COPPICE_RETURN_IF_ERROR(check_amount("requests", usage.requests));
  COPPICE_RETURN_IF_ERROR(check_pue(site.pue));
  if (!(host.utilisation >= 0.0 && host.utilisation <= 1.0)) {
    return invalid_usage("utilisation: expected a share of 0 to 1, not " + std::to_string(host.utilisation));
  }
  CloudEstimate estimate;
  estimate.processor = processor_energy(usage.vcpu_seconds, host);
  estimate.memory = memory_energy(usage.gib_seconds);
  estimate.machines = estimate.processor + estimate.memory;
  if (usage.recorded) estimate.machines = estimate.machines + *usage.recorded;
  estimate.building = estimate.machines * site.pue;
  estimate.building.provenance.method += "; PUE " + site.pue_source;
  estimate.operational = emissions_between(estimate.building, site.intensity);
  estimate.embodied = embodied_emissions(hardware_of_unknown_vcpu(), Seconds(usage.vcpu_seconds));
  estimate.total = estimate.operational + estimate.embodied;
  if (site.market) estimate.market = emissions_between(estimate.building, *site.market) + estimate.embodied;
  return estimate;
}

CloudEstimate operator+(const CloudEstimate& a, const CloudEstimate& b) {
  CloudEstimate sum{
      a.processor + b.processor,     a.memory + b.memory,     a.machines + b.machines, a.building + b.building,
      a.operational + b.operational, a.embodied + b.embodied, a.total + b.total,       {}};
  if (a.market && b.market) sum.market = *a.market + *b.market;
  return sum;
}

}  // namespace coppice::energy
