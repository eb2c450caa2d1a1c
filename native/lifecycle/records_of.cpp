#include "native/lifecycle/records_of.h"

#include <filesystem>

#include "native/export/run_recorder.h"
#include "native/records/merge.h"
#include "native/records/scan.h"

namespace coppice::lifecycle {

namespace fs = std::filesystem;

Result<std::vector<std::string>> collect_records(const Step& step, const std::string& directory,
                                                 std::vector<std::string>& problems) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (const std::string& folder : step.record_folders) {
    // A sweep's lie deeper; a folder without any is no error here.
    const bool any = fs::exists(fs::path(folder) / "runs", error) || fs::exists(fs::path(folder) / "trials", error);
    if (any) folders.emplace_back(folder);
  }
  if (folders.empty()) return std::vector<std::string>();
  Result<records::Scan> scan = records::scan_records(folders);
  if (!scan) {
    if (scan.status().code() == StatusCode::kNotFound) return std::vector<std::string>();
    return scan.status();
  }
  for (const records::SetApart& apart : scan->apart) problems.push_back(apart.message);
  COPPICE_ASSIGN_OR_RETURN(records::MergeOutcome merged, records::merge_records(scan->records, directory));
  return std::move(merged.written);
}

Result<std::string> keep_record(const std::string& directory, const records::RunRecord& record) {
  COPPICE_RETURN_IF_ERROR(write_run_record(directory, record));
  return "runs/" + records::file_name_of(record);
}

}  // namespace coppice::lifecycle
