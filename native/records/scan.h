// Run records wherever they lie: record files, model folders, run directories, and whatever holds folders named runs/.
//
// One file that cannot be used does not keep the others from being read: it is set apart with the reason.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/records/run_record.h"

namespace coppice::records {

struct FoundRecord {
  RunRecord record;
  Json unknown = Json::object();    // the file's other members, by name: this program passes them on
  std::string path;                 // as reached from the paths given
  std::vector<std::string> copies;  // other files with the same content
  std::string model;                // id of the model it is about; "" if nothing says
  std::string sha256;               // of the file
  // What tells a record from every other: the run_id, and for `coppice measure`, which writes one for each model that
  // it measured in turns, all of one run_id, the model too.
  [[nodiscard]] std::string key() const;
  [[nodiscard]] Json document() const;        // all members
  [[nodiscard]] std::string machine() const;  // "AMD EPYC, 2 threads"; "unknown machine" if the record does not say
};

enum class Problem {
  kUnreadable,     // the file or folder cannot be read
  kHalfWritten,    // empty, or its JSON breaks off
  kOtherVersion,   // of the schema
  kNotARecord,     // JSON or not, but no run record
  kContradictory,  // says two things that cannot both be, or shares its id with another record
};
const char* to_string(
    Problem problem);  // "unreadable", "half_written", "other_version", "not_a_record", "contradictory"

struct SetApart {
  std::string path;
  Problem problem = Problem::kNotARecord;
  std::string message;  // what is wrong and what to do; begins with the path
  bool named = false;   // the file itself was given, not a folder above it
};

struct Scan {
  std::vector<FoundRecord> records;  // oldest first, each run once
  std::vector<SetApart> apart;       // by path
  size_t files = 0;                  // looked at
};

// Folders are walked to a depth of 12, without links; in them only *.json in a folder "runs" are taken for records
// (files whose names begin with '.' are others' temporary files). A path that does not exist is an error, and so is one
// that holds no record at all and nothing set apart.
Result<Scan> scan_records(const std::vector<std::filesystem::path>& paths);

// Why a record that parses cannot be true, or "": figures outside their interval, an error in a finished run, energy of
// more time than the run took, a name that is another run's.
std::string contradiction_in(const RunRecord& record, const std::string& file_name);

}  // namespace coppice::records
