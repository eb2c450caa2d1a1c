#include "native/energy/detect.h"

#include "native/energy/model_source.h"
#include "native/energy/nvml.h"
#include "native/energy/rapl.h"
#include "shared/energy/ram.h"

namespace coppice::energy {

namespace {

std::string names(const std::vector<RaplZone>& zones) {
  std::string text;
  for (const RaplZone& zone : zones) text += (text.empty() ? "" : ", ") + zone.name;
  return text;
}

// One line a device; `counted`: no other counter holds them already.
void add_gpus(const SystemPaths& paths, bool counted, std::vector<SourceState>& sources) {
  const Result<NvidiaGpus> found = find_nvidia_gpus(paths);
  if (!found) {
    sources.push_back({"gpu", "NVML", false, false, found.status().message()});
    return;
  }
  const bool shares = !has_own_pid_numbers(paths);
  for (const NvidiaGpu& gpu : found->gpus) {
    const bool readable = gpu.why_no_energy.empty();
    std::string detail = gpu.label + ": " + (readable ? how_measured(gpu) : gpu.why_no_energy);
    if (readable && gpu.partitioned) detail += "; cut into instances (MIG): the counter is of the whole device";
    if (readable && !shares) {
      detail += "; in this container no share of a process can be told: coppice track --scope machine";
    }
    if (readable && !counted) detail += "; not used, since psys may hold it already";
    if (!readable) detail += ". A virtual GPU tells its energy on the host only; an old one may need a newer driver";
    sources.push_back({"gpu", "NVML", readable, readable && counted, std::move(detail)});
  }
}

}  // namespace

std::vector<SourceState> detect_sources(const SystemPaths& paths) {
  std::vector<SourceState> sources;
  const Result<RaplZones> zones = find_rapl_zones(paths);
  const bool packages = zones && !zones->packages.empty();
  const bool dram = packages && !zones->dram.empty();
  const bool platform = zones && !packages;
  if (zones) {
    sources.push_back({"cpu", "RAPL", true, true, packages ? names(zones->packages) : names(zones->platform)});
  } else {
    sources.push_back({"cpu", "RAPL", false, false, zones.status().message()});
  }
  const CpuInfo cpu = read_cpu_info(paths);
  sources.push_back({"cpu", "model", true, !zones, choose_cpu_model(cpu, std::nullopt).provenance.method});
  sources.push_back({"ram", "RAPL dram", dram, dram,
                     dram       ? names(zones->dram)
                     : packages ? "this processor counts no memory"
                                : "no RAPL package counter"});
  if (const auto bytes = total_memory_bytes(paths)) {
    sources.push_back(
        {"ram", "model", true, !dram && !platform, ram_power_modelled(*bytes / kBytesPerGb, false).provenance.method});
  } else {
    sources.push_back({"ram", "model", false, false, (paths.proc / "meminfo").string() + ": no MemTotal"});
  }
  add_gpus(paths, !platform, sources);
  const bool processes = machine_cpu_time(paths).has_value();
  sources.push_back({"share", "CPU time of processes", processes, processes, (paths.proc / "stat").string()});
  const auto cgroup = cgroup_of(paths, "self");
  std::string detail =
      "no cgroup v2 holds this process (" + (paths.proc / "self/cgroup").string() + ": no line 0::PATH)";
  bool available = false;
  if (cgroup) {
    const Result<Usage> usage = cgroup_usage(*cgroup);
    available = usage.ok();
    detail = available ? cgroup->string() + ", with coppice track --scope container" : usage.status().message();
    if (usage && !usage->resident_bytes) detail += "; it tells no memory.current, so that memory is left out";
  }
  sources.push_back({"share", "cgroup v2", available, false, std::move(detail)});
  return sources;
}

}  // namespace coppice::energy
