#include "native/energy/detect.h"

#include "native/energy/model_source.h"
#include "native/energy/rapl.h"
#include "shared/energy/ram.h"

namespace coppice::energy {

namespace {

std::string names(const std::vector<RaplZone>& zones) {
  std::string text;
  for (const RaplZone& zone : zones) text += (text.empty() ? "" : ", ") + zone.name;
  return text;
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
