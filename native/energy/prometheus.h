// A text file in Prometheus's exposition format, for node_exporter's textfile collector.
#pragma once

#include <filesystem>
#include <string>

#include "native/energy/tracker.h"
#include "shared/base/status.h"

namespace coppice::energy {

// The metrics' text; `project` becomes a label.
std::string prometheus_text(const Reading& reading, const std::string& project);

// Writes it in one step, so that the collector never reads half a file.
Status write_prometheus(const std::filesystem::path& path, const Reading& reading, const std::string& project);

}  // namespace coppice::energy
