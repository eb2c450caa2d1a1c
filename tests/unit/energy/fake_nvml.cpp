// A stand-in for libnvidia-ml.so.1 that answers from a script: the file named by COPPICE_FAKE_NVML, read anew at each
// call, one "key value..." a line. A value "error N" makes the call fail with code N; a key that is not there makes it
// fail as not supported (3).
//
//   init error 9                        nvmlInit_v2 fails
//   count 2
//   0.name NVIDIA A100                  of device 0; also 0.uuid
//   0.energy 123000                     mJ
//   0.energy_rate 200000                mW: the counter runs with the clock, written every 100 ms
//   0.power 250000                      mW
//   0.utilization 40                    percent
//   0.mig 1
//   0.samples 10:5000000:40 11:...      process:microseconds:percent
//   0.processes 10 11
//
// Built a second time with FAKE_NVML_OLD it has only what a driver of 2014 has.
#include <stdint.h>
#include <time.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr int kSuccess = 0;
constexpr int kUninitialised = 1;
[[maybe_unused]] constexpr int kInvalidArgument = 2;  // the old driver has no call that says these two
constexpr int kNotSupported = 3;
[[maybe_unused]] constexpr int kNotFound = 6;
constexpr int kInsufficientSize = 7;

int initialised = 0;
double begin = 0.0;

double now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// The rest of the key's line; `code` is what the call ends with.
std::string look_up(const std::string& key, int& code) {
  code = initialised > 0 || key == "init" ? kNotSupported : kUninitialised;
  const char* path = std::getenv("COPPICE_FAKE_NVML");
  std::ifstream file(path != nullptr ? path : "");
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, key.size() + 1, key + " ") != 0 && line != key) continue;
    if (code == kUninitialised) return "";
    const std::string value = line.size() > key.size() ? line.substr(key.size() + 1) : "";
    code = value.compare(0, 6, "error ") == 0 ? std::atoi(value.c_str() + 6) : kSuccess;
    return value;
  }
  return "";
}

// Handles are 1 more than the index: none is null.
std::string key_of(void* device, const char* what) {
  return std::to_string(reinterpret_cast<uintptr_t>(device) - 1) + "." + what;
}

int number(void* device, const char* what, unsigned* out) {
  int code = 0;
  const std::string value = look_up(key_of(device, what), code);
  if (code == kSuccess) *out = static_cast<unsigned>(std::strtoul(value.c_str(), nullptr, 10));
  return code;
}

int text(void* device, const char* what, char* out, unsigned length) {
  int code = 0;
  const std::string value = look_up(key_of(device, what), code);
  if (code != kSuccess) return code;
  if (value.size() + 1 > length) return kInsufficientSize;
  std::memcpy(out, value.c_str(), value.size() + 1);
  return kSuccess;
}

template <typename Info>
int processes(void* device, unsigned* count, Info* infos) {
  int code = 0;
  std::istringstream value(look_up(key_of(device, "processes"), code));
  if (code != kSuccess) return code;
  std::vector<unsigned> pids;
  for (unsigned pid = 0; value >> pid;) pids.push_back(pid);
  const unsigned room = *count;
  *count = static_cast<unsigned>(pids.size());
  if (room < pids.size()) return kInsufficientSize;
  for (size_t i = 0; i < pids.size(); ++i) {
    infos[i] = Info{};
    infos[i].pid = pids[i];
    infos[i].memory = 1 << 20;
  }
  return kSuccess;
}

struct Info1 {
  unsigned pid;
  unsigned long long memory;
};
#ifndef FAKE_NVML_OLD
struct Info2 {
  unsigned pid;
  unsigned long long memory;
  unsigned instances[2];
};
// What drivers 535.43 to 535.86 wrote under the name of version 3.
struct Info3 {
  unsigned pid;
  unsigned long long memory;
  unsigned instances[2];
  unsigned long long protected_memory;
};
struct Sample {
  unsigned pid;
  unsigned long long at;
  unsigned percent[4];
};
struct Rates {
  unsigned gpu;
  unsigned memory;
};
#endif

}  // namespace

extern "C" {

int nvmlInit_v2() {
  int code = 0;
  look_up("init", code);
  if (code != kSuccess && code != kNotSupported) return code;
  if (initialised++ == 0) begin = now();
  return kSuccess;
}

int nvmlShutdown() {
  if (initialised == 0) return kUninitialised;
  --initialised;
  return kSuccess;
}

const char* nvmlErrorString(int code) {
  switch (code) {
    case 3:
      return "Not Supported";
    case 4:
      return "Insufficient Permissions";
    case 9:
      return "Driver Not Loaded";
    case 15:
      return "GPU is lost";
    default:
      return "Unknown Error";
  }
}

int nvmlDeviceGetCount_v2(unsigned* count) {
  int code = 0;
  const std::string value = look_up("count", code);
  if (code == kSuccess) *count = static_cast<unsigned>(std::strtoul(value.c_str(), nullptr, 10));
  return code;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  int code = 0;
  look_up(std::to_string(index) + ".handle", code);
  if (code != kSuccess && code != kNotSupported) return code;
  *device = reinterpret_cast<void*>(static_cast<uintptr_t>(index) + 1);
  return kSuccess;
}

int nvmlDeviceGetName(void* device, char* name, unsigned length) { return text(device, "name", name, length); }
int nvmlDeviceGetUUID(void* device, char* uuid, unsigned length) { return text(device, "uuid", uuid, length); }
int nvmlDeviceGetPowerUsage(void* device, unsigned* milliwatts) { return number(device, "power", milliwatts); }

int nvmlDeviceGetComputeRunningProcesses(void* device, unsigned* count, Info1* infos) {
  return processes(device, count, infos);
}

#ifndef FAKE_NVML_OLD

int nvmlDeviceGetComputeRunningProcesses_v2(void* device, unsigned* count, Info2* infos) {
  return processes(device, count, infos);
}
int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, Info3* infos) {
  return processes(device, count, infos);
}

int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* millijoules) {
  int code = 0;
  const std::string rate = look_up(key_of(device, "energy_rate"), code);
  if (code == kSuccess) {
    const auto periods = static_cast<unsigned long long>((now() - begin) * 10.0);
    *millijoules = 1000000ULL + periods * std::strtoull(rate.c_str(), nullptr, 10) / 10ULL;
    return code;
  }
  const std::string value = look_up(key_of(device, "energy"), code);
  if (code == kSuccess) *millijoules = std::strtoull(value.c_str(), nullptr, 10);
  return code;
}

int nvmlDeviceGetUtilizationRates(void* device, Rates* rates) { return number(device, "utilization", &rates->gpu); }

int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  *pending = 0;
  return number(device, "mig", current);
}

int nvmlDeviceGetProcessUtilization(void* device, Sample* samples, unsigned* count, unsigned long long since) {
  int code = 0;
  std::istringstream value(look_up(key_of(device, "samples"), code));
  if (code != kSuccess) return code;
  if (count == nullptr) return kInvalidArgument;
  std::vector<Sample> newer;
  for (std::string part; value >> part;) {
    Sample sample{};
    char* end = nullptr;
    sample.pid = static_cast<unsigned>(std::strtoul(part.c_str(), &end, 10));
    sample.at = std::strtoull(end + 1, &end, 10);
    sample.percent[0] = static_cast<unsigned>(std::strtoul(end + 1, nullptr, 10));
    if (sample.at > since) newer.push_back(sample);
  }
  const unsigned room = *count;
  *count = static_cast<unsigned>(newer.size());
  if (newer.empty()) return kNotFound;
  if (samples == nullptr || room < newer.size()) return kInsufficientSize;
  std::memcpy(samples, newer.data(), newer.size() * sizeof(Sample));
  return kSuccess;
}

#endif  // FAKE_NVML_OLD

}  // extern "C"
