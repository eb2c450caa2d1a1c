// Records of several folders brought into one.
#pragma once

#include <filesystem>
#include <vector>

#include "native/records/scan.h"

namespace coppice::records {

// The name a record has among those of many models: file_name_of, with the model's id before ".json" for `coppice
// measure`, whose records of one run share a run_id.
std::string name_among_many(const FoundRecord& record);

struct MergeOutcome {
  std::vector<std::string> written;        // paths below the folder
  std::vector<std::string> already_there;  // with the same content
};

// Copies each record, byte for byte, to FOLDER/runs under name_among_many. Nothing is written
// if a record of that name with other content is there: kInvalidInput, with both named.
Result<MergeOutcome> merge_records(const std::vector<FoundRecord>& records, const std::filesystem::path& folder);

}  // namespace coppice::records
