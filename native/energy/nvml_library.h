// NVIDIA's management library (NVML), loaded at run time: it comes with the driver, and most machines have none. Only
// what is used is declared here, from NVIDIA's public API reference.
//
// Every call may fail for one device and not for another. kUnsupported: the device or the driver does not do that.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "native/energy/gpu_share.h"
#include "shared/base/status.h"

namespace coppice::energy {

using NvmlDevice = void*;  // owned by the library

class NvmlLibrary {
 public:
  // Loads and initialises it. kNotFound: there is no such library, or no driver behind it.
  static Result<std::shared_ptr<const NvmlLibrary>> open(const std::filesystem::path& library);
  ~NvmlLibrary();
  NvmlLibrary(const NvmlLibrary&) = delete;
  NvmlLibrary& operator=(const NvmlLibrary&) = delete;

  [[nodiscard]] Result<unsigned> device_count() const;
  [[nodiscard]] Result<NvmlDevice> device(unsigned index) const;
  [[nodiscard]] Result<std::string> name(NvmlDevice device) const;
  [[nodiscard]] Result<std::string> uuid(NvmlDevice device) const;
  // Since the driver was loaded.
  [[nodiscard]] Result<uint64_t> energy_millijoules(NvmlDevice device) const;
  [[nodiscard]] Result<unsigned> power_milliwatts(NvmlDevice device) const;
  // Percent of the last sample period in which a kernel ran, of whomever.
  [[nodiscard]] Result<unsigned> utilisation_percent(NvmlDevice device) const;
  // Whether the device is cut into instances (MIG).
  [[nodiscard]] Result<bool> is_partitioned(NvmlDevice device) const;
  // Samples newer than `since_microseconds` (the driver's clock); empty where nobody used the device.
  [[nodiscard]] Result<std::vector<GpuProcessSample>> process_samples(NvmlDevice device,
                                                                      uint64_t since_microseconds) const;
  // Processes with a compute context.
  [[nodiscard]] Result<std::vector<int>> compute_processes(NvmlDevice device) const;

 private:
  struct Functions;
  NvmlLibrary(void* handle, std::unique_ptr<Functions> functions);
  [[nodiscard]] Status error(const char* function, int code) const;

  void* handle_;
  std::unique_ptr<Functions> functions_;
  bool initialised_ = false;
};

}  // namespace coppice::energy
