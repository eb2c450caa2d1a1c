#include "native/energy/nvml_library.h"

#include <dlfcn.h>

#include <array>
#include <cstring>

namespace coppice::energy {

namespace {

// nvmlReturn_t, as far as it is told apart here.
constexpr int kSuccess = 0;
constexpr int kNotSupported = 3;
constexpr int kNoPermission = 4;
constexpr int kErrorNotFound = 6;
constexpr int kInsufficientSize = 7;
constexpr int kDriverNotLoaded = 9;
constexpr int kFunctionNotFound = 13;
constexpr int kLibraryMismatch = 18;

// nvmlProcessInfo_v1_t and nvmlProcessInfo_v2_t.
struct ProcessInfo1 {
  unsigned pid;
  unsigned long long memory_bytes;
};
struct ProcessInfo2 {
  unsigned pid;
  unsigned long long memory_bytes;
  unsigned gpu_instance;
  unsigned compute_instance;
};
// Some drivers of 2023 wrote longer entries than they had promised: the buffer has room for them.
constexpr size_t kLongestProcessInfo = 40;

// Linux gives no greater process number (PID_MAX_LIMIT).
constexpr unsigned kGreatestPid = 1U << 22;
// Processes come and go between asking for the size and asking for the entries.
constexpr int kAttempts = 4;

template <typename Info>
Result<std::vector<int>> pids_of(const std::vector<unsigned char>& bytes, unsigned count) {
  std::vector<int> pids;
  for (unsigned i = 0; i < count; ++i) {
    Info info;
    std::memcpy(&info, bytes.data() + i * sizeof(Info), sizeof(Info));
    if (info.pid == 0 || info.pid > kGreatestPid) {
      return unsupported("nvmlDeviceGetComputeRunningProcesses: entries of an unknown shape (process " +
                         std::to_string(info.pid) + ")");
    }
    pids.push_back(static_cast<int>(info.pid));
  }
  return pids;
}

}  // namespace

struct NvmlLibrary::Functions {
  // nvmlUtilization_t.
  struct Utilisation {
    unsigned gpu;
    unsigned memory;
  };
  // nvmlProcessUtilizationSample_t.
  struct ProcessSample {
    unsigned pid;
    unsigned long long at_microseconds;
    unsigned sm_percent;
    unsigned memory_percent;
    unsigned encoder_percent;
    unsigned decoder_percent;
  };

  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  const char* (*error_string)(int) = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*handle)(unsigned, NvmlDevice*) = nullptr;
  int (*name)(NvmlDevice, char*, unsigned) = nullptr;
  int (*uuid)(NvmlDevice, char*, unsigned) = nullptr;
  int (*energy)(NvmlDevice, unsigned long long*) = nullptr;
  int (*power)(NvmlDevice, unsigned*) = nullptr;
  int (*utilisation)(NvmlDevice, Utilisation*) = nullptr;
  int (*mig_mode)(NvmlDevice, unsigned*, unsigned*) = nullptr;
  int (*process_samples)(NvmlDevice, ProcessSample*, unsigned*, unsigned long long) = nullptr;
  int (*processes1)(NvmlDevice, unsigned*, void*) = nullptr;
  int (*processes2)(NvmlDevice, unsigned*, void*) = nullptr;  // versions 2 and 3 have the same entries
};

NvmlLibrary::NvmlLibrary(void* handle, std::unique_ptr<Functions> functions)
    : handle_(handle), functions_(std::move(functions)) {}

Result<std::shared_ptr<const NvmlLibrary>> NvmlLibrary::open(const std::filesystem::path& library) {
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = ::dlerror();  // NOLINT(concurrency-mt-unsafe): kept apart for each thread by glibc
    return not_found("NVML cannot be loaded: " + std::string(reason != nullptr ? reason : library.string()) +
                     ". Install the library that belongs to the driver (Debian: libnvidia-ml1), or start the container "
                     "with the GPU (docker run --gpus all)");
  }
  auto functions = std::make_unique<Functions>();
  const auto look_up = [&](auto& function, const char* symbol) {
    if (function == nullptr) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, symbol));
    }
  };
  look_up(functions->init, "nvmlInit_v2");
  look_up(functions->shutdown, "nvmlShutdown");
  look_up(functions->error_string, "nvmlErrorString");
  look_up(functions->count, "nvmlDeviceGetCount_v2");
  look_up(functions->handle, "nvmlDeviceGetHandleByIndex_v2");
  look_up(functions->name, "nvmlDeviceGetName");
  look_up(functions->uuid, "nvmlDeviceGetUUID");
  look_up(functions->energy, "nvmlDeviceGetTotalEnergyConsumption");
  look_up(functions->power, "nvmlDeviceGetPowerUsage");
  look_up(functions->utilisation, "nvmlDeviceGetUtilizationRates");
  look_up(functions->mig_mode, "nvmlDeviceGetMigMode");
  look_up(functions->process_samples, "nvmlDeviceGetProcessUtilization");
  look_up(functions->processes1, "nvmlDeviceGetComputeRunningProcesses");
  // Version 2 first: drivers 535.43 to 535.86 give entries of another length under the name of version 3.
  look_up(functions->processes2, "nvmlDeviceGetComputeRunningProcesses_v2");
  look_up(functions->processes2, "nvmlDeviceGetComputeRunningProcesses_v3");
  const bool complete = functions->init != nullptr && functions->shutdown != nullptr && functions->count != nullptr &&
                        functions->handle != nullptr;
  // From here on the destructor closes it.
  std::shared_ptr<NvmlLibrary> made(new NvmlLibrary(handle, std::move(functions)));
  if (!complete) {
    return unsupported(library.string() +
                       " is no NVML of 2013 or later: nvmlInit_v2, nvmlShutdown, nvmlDeviceGetCount_v2 or "
                       "nvmlDeviceGetHandleByIndex_v2 is missing. Install the library that belongs to the driver");
  }
  const int code = made->functions_->init();
  if (code != kSuccess) return made->error("nvmlInit_v2", code);
  made->initialised_ = true;
  return std::shared_ptr<const NvmlLibrary>(std::move(made));
}

NvmlLibrary::~NvmlLibrary() {
  if (initialised_) functions_->shutdown();
  ::dlclose(handle_);
}

Status NvmlLibrary::error(const char* function, int code) const {
  const char* told = functions_->error_string != nullptr ? functions_->error_string(code) : nullptr;
  std::string text =
      std::string(function) + ": " + (told != nullptr ? told : "error") + " (" + std::to_string(code) + ")";
  if (code == kNotSupported || code == kFunctionNotFound) return unsupported(std::move(text));
  if (code == kNoPermission) {
    text += ". Grant this user access to /dev/nvidiactl and /dev/nvidia0 and so on (ls -l shows their group)";
  } else if (code == kDriverNotLoaded) {
    return not_found(text + ". Load the kernel module: sudo modprobe nvidia");
  } else if (code == kLibraryMismatch) {
    text += ". The driver was updated since the kernel module was loaded: restart the machine";
  }
  return failed(std::move(text));
}

// Calls FUNCTION if the library has it; hands its failure on.
#define COPPICE_NVML_CALL(member, symbol, ...)                                                          \
  do {                                                                                                  \
    if (functions_->member == nullptr) return unsupported(symbol " is not in this driver's NVML");      \
    if (const int code = functions_->member(__VA_ARGS__); code != kSuccess) return error(symbol, code); \
  } while (false)

Result<unsigned> NvmlLibrary::device_count() const {
  unsigned count = 0;
  COPPICE_NVML_CALL(count, "nvmlDeviceGetCount_v2", &count);
  return count;
}

Result<NvmlDevice> NvmlLibrary::device(unsigned index) const {
  NvmlDevice device = nullptr;
  COPPICE_NVML_CALL(handle, "nvmlDeviceGetHandleByIndex_v2", index, &device);
  return device;
}

Result<std::string> NvmlLibrary::name(NvmlDevice device) const {
  std::array<char, 96> text{};  // NVML_DEVICE_NAME_V2_BUFFER_SIZE
  COPPICE_NVML_CALL(name, "nvmlDeviceGetName", device, text.data(), text.size());
  text.back() = '\0';
  return std::string(text.data());
}

Result<std::string> NvmlLibrary::uuid(NvmlDevice device) const {
  std::array<char, 96> text{};  // NVML_DEVICE_UUID_V2_BUFFER_SIZE
  COPPICE_NVML_CALL(uuid, "nvmlDeviceGetUUID", device, text.data(), text.size());
  text.back() = '\0';
  return std::string(text.data());
}

Result<uint64_t> NvmlLibrary::energy_millijoules(NvmlDevice device) const {
  unsigned long long millijoules = 0;
  COPPICE_NVML_CALL(energy, "nvmlDeviceGetTotalEnergyConsumption", device, &millijoules);
  return static_cast<uint64_t>(millijoules);
}

Result<unsigned> NvmlLibrary::power_milliwatts(NvmlDevice device) const {
  unsigned milliwatts = 0;
  COPPICE_NVML_CALL(power, "nvmlDeviceGetPowerUsage", device, &milliwatts);
  return milliwatts;
}

Result<unsigned> NvmlLibrary::utilisation_percent(NvmlDevice device) const {
  Functions::Utilisation utilisation{};
  COPPICE_NVML_CALL(utilisation, "nvmlDeviceGetUtilizationRates", device, &utilisation);
  if (utilisation.gpu > 100) {
    return unsupported("nvmlDeviceGetUtilizationRates: " + std::to_string(utilisation.gpu) + " percent");
  }
  return utilisation.gpu;
}

Result<bool> NvmlLibrary::is_partitioned(NvmlDevice device) const {
  unsigned current = 0;
  unsigned pending = 0;
  COPPICE_NVML_CALL(mig_mode, "nvmlDeviceGetMigMode", device, &current, &pending);
  return current != 0;
}

#undef COPPICE_NVML_CALL

Result<std::vector<GpuProcessSample>> NvmlLibrary::process_samples(NvmlDevice device,
                                                                   uint64_t since_microseconds) const {
  constexpr const char* kSymbol = "nvmlDeviceGetProcessUtilization";
  if (functions_->process_samples == nullptr) {
    return unsupported(std::string(kSymbol) + " is not in this driver's NVML");
  }
  std::vector<Functions::ProcessSample> raw(128);
  unsigned count = 0;
  int code = kInsufficientSize;
  for (int attempt = 0; attempt < kAttempts && code == kInsufficientSize; ++attempt) {
    if (count > raw.size()) raw.resize(count + 16);
    count = static_cast<unsigned>(raw.size());
    code = functions_->process_samples(device, raw.data(), &count, since_microseconds);
  }
  if (code == kErrorNotFound) return std::vector<GpuProcessSample>();
  if (code != kSuccess) return error(kSymbol, code);
  std::vector<GpuProcessSample> samples;
  for (unsigned i = 0; i < count && i < raw.size(); ++i) {
    // Drivers leave unused and stale entries in the array.
    const Functions::ProcessSample& sample = raw[i];
    if (sample.pid == 0 || sample.pid > kGreatestPid || sample.sm_percent > 100) continue;
    if (sample.at_microseconds <= since_microseconds) continue;
    samples.push_back({static_cast<int>(sample.pid), sample.at_microseconds, sample.sm_percent});
  }
  return samples;
}

Result<std::vector<int>> NvmlLibrary::compute_processes(NvmlDevice device) const {
  constexpr const char* kSymbol = "nvmlDeviceGetComputeRunningProcesses";
  const auto function = functions_->processes2 != nullptr ? functions_->processes2 : functions_->processes1;
  if (function == nullptr) return unsupported(std::string(kSymbol) + " is not in this driver's NVML");
  unsigned room = 64;
  std::vector<unsigned char> bytes;
  unsigned count = 0;
  int code = kInsufficientSize;
  for (int attempt = 0; attempt < kAttempts && code == kInsufficientSize; ++attempt) {
    if (count > room) room = count + 16;
    bytes.assign(room * kLongestProcessInfo, 0);
    count = room;
    code = function(device, &count, bytes.data());
  }
  if (code != kSuccess) return error(kSymbol, code);
  if (count > room) return unsupported(std::string(kSymbol) + ": more entries than asked for");
  return functions_->processes2 != nullptr ? pids_of<ProcessInfo2>(bytes, count) : pids_of<ProcessInfo1>(bytes, count);
}

}  // namespace coppice::energy
