// Energy and carbon of what a serverless cloud bills: vCPU-seconds and GiB-seconds, by Cloud Carbon Footprint's
// coefficients (energy-facts: kWh = [min + u (max - min)] W x vCPU-hours; 0.392 W per GB of memory).
//
//   CloudSite site = ...;                                          // where, with which PUE and intensity
//   COPPICE_ASSIGN_OR_RETURN(CloudEstimate estimate, estimate_cloud({.vcpu_seconds = 3.6e6}, {}, site));
#pragma once

#include <optional>
#include <string>

#include "shared/base/status.h"
#include "shared/energy/carbon.h"
#include "shared/energy/cpu.h"
#include "shared/energy/embodied.h"
#include "shared/energy/figure.h"

namespace coppice::energy {

// What was billed for; none is negative.
struct CloudUsage {
  double vcpu_seconds = 0.0;
  double gib_seconds = 0.0;  // GiB = 2^30 bytes
  double requests = 0.0;
  // Energy of the machines, without the building, of runs that were recorded and are not in the seconds above.
  std::optional<Figure<Joules>> recorded;
};

// How a vCPU is modelled. The host of a serverless cloud is not told, so all of it is assumed unless given.
struct CloudHost {
  VcpuRow vcpu = kMedianVcpu;
  double utilisation = 0.5;  // of the billed vCPUs, in 0..1; Cloud Carbon Footprint's default
};

struct CloudSite {
  double pue = 1.0;
  std::string pue_source;
  Figure<GramsPerKwh> intensity;              // location-based
  std::optional<Figure<GramsPerKwh>> market;  // apart, where there is one
};

struct CloudEstimate {
  Figure<Joules> processor;
  Figure<Joules> memory;
  Figure<Joules> machines;  // processor, memory and what was recorded
  Figure<Joules> building;  // machines x PUE
  Figure<GramsCo2e> operational;
  Figure<GramsCo2e> embodied;
  Figure<GramsCo2e> total;                  // operational + embodied, location-based
  std::optional<Figure<GramsCo2e>> market;  // operational by contracts + embodied
};

// Watts of one vCPU at a utilisation of 0..1.
Watts vcpu_watts(const VcpuRow& vcpu, double utilisation);

// Processor: value at the host's utilisation, low and high at idle and full load. Errors (kInvalidUsage) name what is
// negative, not finite or out of its range.
Result<CloudEstimate> estimate_cloud(const CloudUsage& usage, const CloudHost& host, const CloudSite& site);

// Interval ends multiply end to end.
Figure<GramsCo2e> emissions_between(const Figure<Joules>& energy, const Figure<GramsPerKwh>& intensity);

// Estimates of several months or places as one.
CloudEstimate operator+(const CloudEstimate& a, const CloudEstimate& b);

}  // namespace coppice::energy
