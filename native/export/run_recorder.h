// Begins a run record when a command starts and closes it when the command ends, and puts records into a model folder.
//
//   RunRecorder recorder("train", arguments);
//   recorder.record().settings["max_length"] = 256;
//   Status status = train(...);
//   COPPICE_RETURN_IF_ERROR(write_run_record(folder, recorder.finish(status)));
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "shared/base/status.h"
#include "shared/records/run_record.h"

namespace coppice {

// The version of this build, "0.1.0".
std::string program_version();

// {"cpu_model", "hardware_threads", "memory_bytes", "os"}; what cannot be read is left out.
Json describe_machine();

class RunRecorder {
 public:
  // Takes the time and a random run_id now. In `command`, this folder becomes "." and the user's home "~": records are
  // shipped, and other people's paths are no use to anyone.
  RunRecorder(std::string kind, const std::vector<std::string>& command);

  records::RunRecord& record() { return record_; }

  // The record with duration and outcome: finished, interrupted (StatusCode::kInterrupted) or failed with the message.
  [[nodiscard]] records::RunRecord finish(const Status& status) const;

 private:
  records::RunRecord record_;
  std::chrono::steady_clock::time_point start_;
};

// Writes <folder>/runs/<kind>-<time>-<id>.json, making the folders. A record that exists is never overwritten.
Status write_run_record(const std::filesystem::path& folder, const records::RunRecord& record);

// Work that failed or was interrupted used energy too: its record stays in <folder>/runs, beside what is there. A call
// that was refused (wrong usage, bad input) or a folder that was not made yet leaves none. Returns `status`, with what
// went wrong in writing appended.
Status keep_failed_run(const std::filesystem::path& folder, const RunRecorder& recorder, const Status& status);

// All records of <folder>/runs, oldest first, each with its path below the folder. No runs folder: none.
struct StoredRun {
  std::string path;  // "runs/train-20261124T055401Z-5f0c2a11.json"
  records::RunRecord record;
};
Result<std::vector<StoredRun>> read_run_records(const std::filesystem::path& folder);

}  // namespace coppice
