// Which part of a GPU's energy is charged to one process tree or container.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "native/energy/process_owner.h"

namespace coppice::energy {

// How busy one process kept the device's multiprocessors in one of the driver's sample periods.
struct GpuProcessSample {
  int pid = 0;
  uint64_t at_microseconds = 0;  // the driver's clock
  unsigned sm_percent = 0;
};

enum class GpuShareBasis {
  kWhole,        // the whole machine is charged
  kUtilisation,  // by what each process used of the multiprocessors
  kOnlyProcess,  // no other compute process was on the device
  kNotThere,     // none of ours was on the device
  kUnknown,      // nobody tells: low is 0, high the whole
};

// Parts of the whole, 0 <= low <= value <= high <= 1.
struct GpuShare {
  double low = 0.0;
  double value = 0.0;
  double high = 0.0;
  GpuShareBasis basis = GpuShareBasis::kUnknown;
};

// What the driver told at one look; absent: it does not tell, empty: nobody.
struct GpuProcesses {
  std::optional<std::vector<GpuProcessSample>> samples;  // since the look before
  std::optional<std::vector<int>> computing;             // processes with a compute context now
};

// One for each device, fed at each look.
//
// By utilisation: ours / everybody's, as packages are charged by busy CPU time; low is ours of the whole capacity, and
// what ended before it could be told whose it was counts for high. Without it: the whole if all compute processes seen
// at both ends are ours, nothing if none is, else unknown with an equal part for each process as the value (the whole
// where not even the processes are told).
class GpuShareTracker {
 public:
  // An empty `owner`: processes cannot be told apart.
  explicit GpuShareTracker(OwnerOf owner) : owner_(std::move(owner)) {}

  // The share of the time since the look before.
  GpuShare advance(const GpuProcesses& now);

 private:
  std::optional<GpuShare> by_utilisation(const std::vector<GpuProcessSample>& samples);
  GpuShare by_processes(const std::optional<std::vector<int>>& now);

  OwnerOf owner_;
  std::optional<std::set<int>> computing_before_;
};

}  // namespace coppice::energy
