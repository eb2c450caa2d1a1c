// Which of the records found are wanted.
#pragma once

#include <string>
#include <vector>

#include "native/records/scan.h"

namespace coppice::records {

struct Selection {
  std::vector<std::string> steps;     // kinds: "train", "evaluate"; empty: all
  std::vector<std::string> models;    // ids
  std::vector<std::string> machines;  // parts of the machine's description, whatever the case
  std::vector<std::string> outcomes;  // "finished", "failed", "interrupted"
  std::string since;                  // UTC: "2026-11-24" or "2026-11-24T05:54:01Z", this moment included
  std::string until;                  // before this moment; a day alone: its end
};

// kInvalidUsage: a date or an outcome that is none.
Result<std::vector<FoundRecord>> select(std::vector<FoundRecord> records, const Selection& selection);

// The one record that `name` means: its path, its run_id or the beginning of it (at least 4 digits). kNotFound: none;
// kInvalidUsage: several.
Result<const FoundRecord*> find_one(const std::vector<FoundRecord>& records, const std::string& name);

}  // namespace coppice::records
