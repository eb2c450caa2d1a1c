// coppice measure --url: a served model under a constant load.
#pragma once

#include <string>
#include <vector>

#include "native/cli/backend_options.h"
#include "shared/base/status.h"

namespace coppice::load {

// Prints the table or, with --json, the document to standard output, and keeps the run record. `arguments`: the words
// as typed, for the record.
Status run_measure_url(const cli::MeasureOptions& options, const std::vector<std::string>& arguments);

// "3f2a9c...; uptime=12.345", as coppice-serve tells it. `cold`: the instance is younger than `seconds_since_sent`.
struct InstanceHeader {
  std::string id;
  bool cold = false;
};
InstanceHeader parse_instance(const std::string& header, double seconds_since_sent);

}  // namespace coppice::load
