// What a step is made from and what it leaves, as hashes: equal hashes, equal result.
#pragma once

#include <map>
#include <string>

#include "native/lifecycle/journal.h"
#include "native/lifecycle/plan.h"

namespace coppice::lifecycle {

// Hashes of files, each computed once as long as size and time of change stay.
class FileHashes {
 public:
  Result<std::string> of(const std::string& path);

 private:
  struct Known {
    uintmax_t bytes = 0;
    int64_t changed = 0;
    std::string sha256;
  };
  std::map<std::string, Known> known_;
};

struct Inputs {
  std::string hash;
  Hashes files;
  std::string missing;  // the first that is not there; then `hash` is empty
};

// A model folder stands for its weights, configuration and tokenizer (not for its records, which grow); a data folder
// for its TSV files, or for splits.json and data_record.json where `coppice fetch imdb` made it.
Result<Inputs> inputs_of(const Step& step, const std::string& directory, FileHashes& hashes);

// Absent files are left out.
Result<Hashes> outputs_of(const Step& step, const std::string& directory, FileHashes& hashes);

// "" if the outputs are there and as they were; else which is not.
std::string changed_output(const Step& step, const Hashes& outputs, const Hashes& now, const std::string& directory);

// Which of two states of inputs differ, for people: "models/dense/model.safetensors", or "the command".
std::string difference(const StepEntry& entry, const Inputs& now);

}  // namespace coppice::lifecycle
