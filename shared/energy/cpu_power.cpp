#include <algorithm>
#include <cmath>

#include "shared/energy/cpu.h"
#include "shared/energy/cpu_band.h"

namespace coppice::energy {

Watts cpu_power_cubic(Watts tdp, double load_percent) {
  const double load = load_percent / 100.0;
  return tdp * (0.1 + 0.9 * (load * load * load));
}

Joules process_energy_linear(Watts tdp, Seconds cpu_time, int threads) {
  return tdp * cpu_time / static_cast<double>(std::max(threads, 1));
}

Figure<Watts> cpu_power_modelled(Watts tdp, double load_percent, const std::string& tdp_source) {
  const Watts value = cpu_power_cubic(tdp, load_percent);
  const bool idle = load_percent < band::kLeastLoadPercent;
  return {value,
          value * (idle ? band::kCubicIdleLow : band::kCubicLow),
          value * (idle ? band::kCubicIdleHigh : band::kCubicHigh),
          {ProvenanceKind::kModelled,
           "CodeCarbon 3.3 cubic load curve of TDP (" + tdp_source + "), band from calibration runs against RAPL"}};
}

std::optional<VcpuRow> vcpu_coefficients(const std::string& architecture) {
  for (const VcpuRow& row : ccf_vcpus()) {
    if (architecture == row.architecture) return row;
  }
  return std::nullopt;
}

std::string microarchitecture(const std::string& vendor, int family, int model, int stepping) {
  if (vendor == "GenuineIntel" && family == 6) {
    switch (model) {
      case 79:
      case 86:
        return "Broadwell";
      case 85:  // one model number for three generations
        return stepping <= 4 ? "Skylake" : "Cascade Lake";
      case 106:
      case 108:
        return "Ice Lake";
      case 143:
        return "Sapphire Rapids";
      case 207:
        return "Emerald Rapids";
      default:
        return "";
    }
  }
  if (vendor == "AuthenticAMD") {
    if (family == 23 && model >= 0x30 && model <= 0x3F) return "EPYC 2nd Gen";
    if (family == 25 && model <= 0x0F) return "EPYC 3rd Gen";
    if (family == 25 && ((model >= 0x10 && model <= 0x1F) || (model >= 0xA0 && model <= 0xAF))) return "EPYC 4th Gen";
  }
  return "";
}

}  // namespace coppice::energy
