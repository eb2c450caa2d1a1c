// data_record.json: what a prepared data set is and where it comes from. Holds no clock and no path of the machine, so
// that the same archive and seed give the same bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "native/data/acl_imdb.h"
#include "native/data/validation_split.h"
#include "shared/base/json.h"

namespace coppice::data {

inline constexpr const char* kDataRecordFileName = "data_record.json";
inline constexpr int kDataRecordSchemaVersion = 1;

struct DataSource {
  std::string origin;   // URL, or the archive's file name
  std::string archive;  // name of a known archive, or "unknown"
  std::string sha256;
  int64_t bytes = 0;
  std::vector<std::string> warnings;  // e.g. counts that are not the published ones
};

// Minimum, median, mean, 90th and 99th percentile (linear between ranks, as numpy.percentile) and maximum.
OrderedJson summarise(std::vector<size_t> values);

// Source, counts, class balance, lengths, duplicates, split rule and citation. `test` may be empty.
OrderedJson make_data_record(const DataSource& source, const AclImdbPart& train, const AclImdbPart& test,
                             const ValidationSplit& split, size_t unsupervised_in_archive);

}  // namespace coppice::data
