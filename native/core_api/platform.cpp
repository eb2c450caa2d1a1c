// This machine's side of the library.
#include "shared/core_api/platform.h"

#include <time.h>

#include "native/io/file.h"
#include "shared/engine/kernel_costs.h"

namespace coppice::core_api::platform {
namespace {

double seconds_of(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double read(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return seconds_of(time);
}

double thread_cpu_seconds() { return read(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace

double seconds() { return read(CLOCK_MONOTONIC); }

double clock_step_seconds() {
  timespec step{};
  ::clock_getres(CLOCK_MONOTONIC, &step);
  return seconds_of(step);
}

void measure_costs(engine::FormatChoice choice, engine::KernelCosts& costs) {
  engine::measure_kernel_costs(&thread_cpu_seconds, choice, costs);
}

std::optional<std::string> sha256_hex(std::string_view bytes) { return coppice::sha256_hex(bytes); }

// The caller's own limits hold; a machine that has too little says so when memory is asked for.
int64_t memory_limit_bytes() { return 0; }

}  // namespace coppice::core_api::platform
