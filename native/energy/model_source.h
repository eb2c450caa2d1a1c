// Energy by model, where there is no counter: the processor by its name or its kind, memory by its size.
#pragma once

#include <memory>
#include <optional>

#include "native/energy/source.h"
#include "shared/energy/cpu.h"

namespace coppice::energy {

// How the processor's power is modelled on this machine, and why.
struct CpuModel {
  // Either a TDP of the whole chip, or watts per hardware thread.
  std::optional<Watts> tdp;
  VcpuRow per_thread{};
  int threads = 1;
  double low_factor = 1.0;
  double high_factor = 1.0;
  double idle_low_factor = 1.0;  // below band::kLeastLoadPercent, for a whole machine
  double idle_high_factor = 1.0;
  Provenance provenance;
};

// In this order: a TDP given by the user; on a virtual machine the vCPU coefficients of the host's microarchitecture (a
// guest sees a few threads of a large chip, so that the chip's TDP would be far too much); TDP by the processor's name;
// else the median vCPU coefficients, assumed.
CpuModel choose_cpu_model(const CpuInfo& info, std::optional<Watts> user_tdp);

// Of one process or a part of it, by the CPU time it used: its share of the chip at full load, or its vCPUs'. An idle
// chip is charged to nobody.
Figure<Joules> process_cpu_energy(const CpuModel& model, Seconds cpu_time);

std::unique_ptr<EnergySource> make_cpu_model_source(CpuModel model, Scope scope);

// Memory of the whole machine by its size, for a process or container by the share it holds. nullptr without a size.
std::unique_ptr<EnergySource> make_ram_model_source(std::optional<double> total_bytes, bool arm, Scope scope);

}  // namespace coppice::energy
