// Power of a processor that has no energy counter: by name to its thermal design power (TDP), by load to watts.
//
// A TDP is what the cooler must carry, no measurement: the figures here are modelled, with the band that CodeCarbon's
// own calibration runs against RAPL support (cpu_band.h).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "shared/energy/figure.h"
#include "shared/energy/tables/tables.h"
#include "shared/energy/units.h"

namespace coppice::energy {

struct CpuMatch {
  // Name and TDP in the table; both absent without a match. The TDP alone is absent where the table holds 0.
  std::optional<std::string> name;
  std::optional<Watts> tdp;
  // "exact", "normalised" or "tokens"; else "ambiguous" (candidates fit equally well) or "unknown".
  std::string how;
  // Names that fit as well, or for an unknown name the nearest ones; at most ten.
  std::vector<std::string> candidates;
};

// Exact name (case aside), then the name without trade marks, clock and words that say nothing, then the one entry
// whose words all occur in `model`. Several such entries with different TDP are ambiguous: no match, the candidates
// named.
CpuMatch match_cpu(const std::string& model, std::span<const CpuRow> table);

// As CodeCarbon 3.3.2: RapidFuzz ratio = 100 on the lower-cased name, the same after removing "(R)", " CPU" and the
// clock, then token_set_ratio = 100 where exactly one entry reaches it.
CpuMatch match_cpu_as_codecarbon(const std::string& model, std::span<const CpuRow> table);

// CodeCarbon's default where nothing matches.
inline constexpr double kCodecarbonWattsPerThread = 4.0;

// Whole machine, CodeCarbon 3.3: TDP x (0.1 + 0.9 x load^3). `load_percent` in 0..100.
Watts cpu_power_cubic(Watts tdp, double load_percent);

// One process, CodeCarbon 3.3: TDP x CPU seconds / (wall seconds x threads); energy is TDP x CPU seconds / threads.
// Additive: the charges of all processes sum to the chip at full load, and an idle chip is charged to nobody.
Joules process_energy_linear(Watts tdp, Seconds cpu_time, int threads);

// Watts with their band, for a whole machine by the cubic curve.
Figure<Watts> cpu_power_modelled(Watts tdp, double load_percent, const std::string& tdp_source);

// Watts per vCPU of a virtual machine by the host's microarchitecture (Cloud Carbon Footprint). `architecture` is a
// row's name; absent if there is none.
std::optional<VcpuRow> vcpu_coefficients(const std::string& architecture);
// Where the microarchitecture is not known: Cloud Carbon Footprint's median of its GCP types.
inline constexpr VcpuRow kMedianVcpu{"median of Cloud Carbon Footprint's types", 0.68, 4.11};

// The table's name of the microarchitecture from /proc/cpuinfo's vendor_id, cpu family, model and stepping; "" if it is
// none of the table's.
std::string microarchitecture(const std::string& vendor, int family, int model, int stepping);

}  // namespace coppice::energy
