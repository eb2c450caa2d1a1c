// Brings the run records that a step left beside its models into the run directory's runs/.
#pragma once

#include <string>
#include <vector>

#include "native/lifecycle/plan.h"
#include "shared/base/status.h"
#include "shared/records/run_record.h"

namespace coppice::lifecycle {

// Copies what DIR/runs has not yet; paths below DIR, oldest first. Records that cannot be used (half written when the
// machine went down) are left where they are and named in `problems`.
Result<std::vector<std::string>> collect_records(const Step& step, const std::string& directory,
                                                 std::vector<std::string>& problems);

// Puts a record of ours into DIR/runs; its path below DIR.
Result<std::string> keep_record(const std::string& directory, const records::RunRecord& record);

}  // namespace coppice::lifecycle
