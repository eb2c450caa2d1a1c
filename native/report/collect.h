// What a report is made from: every run record, model folder, life cycle, sweep, latency table and timing in ONNX
// Runtime Web below the folders given, each with its path and sha256. What is broken, of another schema version or
// contradicts another file is kept apart with the reason; nothing is dropped without a word.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "native/compare/summary.h"
#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::report {

struct SourceFile {
  std::string path;    // as the report names it: relative to the working folder, or to the folder given
  std::string sha256;  // of the bytes that were read; empty if they could not be
  [[nodiscard]] std::string id() const { return sha256.substr(0, 12); }
};

struct CollectedRecord {
  SourceFile file;
  records::RunRecord record;  // of the energy's phases, names and joules only
  std::string model;          // id of the model it is about; empty: none of those collected
};

struct CollectedModel {
  SourceFile file;  // its manifest.json
  Json document;
  bool shipped = false;      // in the folder of --models
  bool metrics_hold = true;  // false: other records contradict them
  compare_models::ModelSummary summary;
};

enum class Why { kUnreadable, kHalfWritten, kOtherVersion, kNotValid, kContradiction, kMissing };
const char* to_string(Why why);

struct KeptApart {
  SourceFile file;
  Why why = Why::kNotValid;
  std::string reason;
};

struct Collection {
  std::vector<CollectedRecord> records;  // oldest first
  std::vector<CollectedModel> models;
  std::map<std::string, std::pair<SourceFile, Json>>
      others;  // by kind and path: "lifecycle ...", "sweep", "latency", "ort-web"
  std::vector<KeptApart> apart;
  std::vector<std::string> notes;  // what is used, but not as it may look
  int64_t files_read = 0;
  int64_t copies = 0;       // the same bytes, or the same record, met again
  int64_t passed_over = 0;  // JSON files that are none of ours to read: configurations, tokenizers
  // Files that were read and belong to none of the above, e.g. measurements of a bench: not used, but named.
  std::vector<std::string> not_used;
};

struct CollectOptions {
  std::filesystem::path models;                // folder of model folders; empty: none
  std::vector<std::filesystem::path> folders;  // of --runs
};

// Errors: a folder that is not there, or holds nothing of the kind. A broken file is no error.
Result<Collection> collect(const CollectOptions& options);

}  // namespace coppice::report
