// Which reviews a run used, as the run record and the manifest state it.
#pragma once

#include <string>
#include <vector>

#include "native/data/dataset.h"
#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::backend {

struct DataSelection {
  std::string name;   // "imdb" or the file's name
  std::string split;  // "train", ...
  std::vector<data::Review> reviews;
  std::string sha256;    // of the reviews used
  size_t available = 0;  // in the whole split
};

// The reviews of a split, at most `limit` of them (0: all).
Result<DataSelection> select_reviews(const std::string& data, data::Split split, size_t limit);

// {"name","split","sha256","examples","share"} as records::DataShare reads it.
Json to_json(const DataSelection& selection);

}  // namespace coppice::backend
