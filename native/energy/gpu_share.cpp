#include "native/energy/gpu_share.h"

#include <algorithm>
#include <map>

namespace coppice::energy {

GpuShare GpuShareTracker::advance(const GpuProcesses& now) {
  if (!owner_) return {0.0, 1.0, 1.0, GpuShareBasis::kUnknown};
  // Both are looked at each time: the list makes processes known before they end.
  const GpuShare by_list = by_processes(now.computing);
  if (now.samples) {
    if (const auto share = by_utilisation(*now.samples)) return *share;
  }
  return by_list;
}

std::optional<GpuShare> GpuShareTracker::by_utilisation(const std::vector<GpuProcessSample>& samples) {
  double ours = 0.0;
  double gone = 0.0;
  double all = 0.0;
  std::map<int, double> periods;  // samples of one process
  for (const GpuProcessSample& sample : samples) {
    const Owner owner = owner_(sample.pid);
    all += sample.sm_percent;
    if (owner == Owner::kOurs) ours += sample.sm_percent;
    if (owner == Owner::kGone) gone += sample.sm_percent;
    periods[sample.pid] += 1.0;
  }
  if (!(all > 0.0)) return std::nullopt;  // idle: who holds the device decides
  double most_periods = 1.0;
  for (const auto& [pid, count] : periods) most_periods = std::max(most_periods, count);
  GpuShare share{0.0, ours / all, std::min(1.0, (ours + gone) / all), GpuShareBasis::kUtilisation};
  share.low = std::min(share.value, ours / (100.0 * most_periods));
  return share;
}

GpuShare GpuShareTracker::by_processes(const std::optional<std::vector<int>>& now) {
  std::set<int> seen = computing_before_.value_or(std::set<int>());
  const bool told = now.has_value();
  computing_before_.reset();
  if (now) computing_before_.emplace(now->begin(), now->end());
  if (!told) return {0.0, 1.0, 1.0, GpuShareBasis::kUnknown};
  seen.insert(now->begin(), now->end());
  double ours = 0.0;
  double gone = 0.0;
  for (const int pid : seen) {
    const Owner owner = owner_(pid);
    if (owner == Owner::kOurs) ours += 1.0;
    if (owner == Owner::kGone) gone += 1.0;
  }
  const double all = static_cast<double>(seen.size());
  if (ours == 0.0) return {0.0, 0.0, gone > 0.0 ? 1.0 : 0.0, GpuShareBasis::kNotThere};
  if (ours == all) return {1.0, 1.0, 1.0, GpuShareBasis::kOnlyProcess};
  return {0.0, ours / all, 1.0, GpuShareBasis::kUnknown};
}

}  // namespace coppice::energy
