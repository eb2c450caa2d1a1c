// Energy of NVIDIA GPUs through NVML: by the energy counter of Volta and later, else by power readings.
//
// All devices that NVML lists are looked at, whatever CUDA_VISIBLE_DEVICES says: its numbers follow an order of CUDA's
// own, the tracked command may set it for itself, and a process is charged nothing for a device it is not on. In a
// container NVML lists just the devices that were handed to it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "native/energy/nvml_library.h"
#include "native/energy/process_owner.h"
#include "native/energy/source.h"
#include "shared/base/status.h"

namespace coppice::energy {

struct NvidiaGpu {
  std::string label;  // "GPU 0 NVIDIA A100-SXM4-40GB"
  std::string name;   // "" if not told
  std::string uuid;
  NvmlDevice handle = nullptr;
  bool has_counter = false;
  bool has_power = false;
  bool partitioned = false;   // MIG: its counter is of the whole device
  std::string why_no_energy;  // "" if it has either
};

struct NvidiaGpus {
  std::shared_ptr<const NvmlLibrary> library;
  std::vector<NvidiaGpu> gpus;  // never empty
};

// kNotFound: no NVIDIA GPU is here. Else the message says what is in the way and how to get it.
Result<NvidiaGpus> find_nvidia_gpus(const SystemPaths& paths);

// A source over all of them; total() leaves out those without a reading, and a warning names them. `owner` is not used
// for the whole machine.
std::unique_ptr<EnergySource> make_nvml_source(NvidiaGpus gpus, Scope scope, OwnerOf owner);

// "by its energy counter", "by power readings" or why not.
std::string how_measured(const NvidiaGpu& gpu);

}  // namespace coppice::energy
