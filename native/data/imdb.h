// From the archive of the Large Movie Review Dataset to a folder that read_reviews takes.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "native/data/validation_split.h"
#include "native/net/archive.h"
#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::data {

// Files in train/neg, train/pos, test/neg, test/pos and train/unsup.
struct ImdbCounts {
  size_t train_negative = 0;
  size_t train_positive = 0;
  size_t test_negative = 0;
  size_t test_positive = 0;
  size_t unsupervised = 0;
  bool operator==(const ImdbCounts&) const = default;
};

struct KnownArchive {
  std::string name;
  std::string sha256;
  ImdbCounts counts;
};

// The official archive and the text-only repack.
std::vector<KnownArchive> known_imdb_archives();
inline constexpr const char* kOfficialImdbUrl = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz";

struct ImdbOptions {
  std::string origin;               // URL or file name for the data record; empty: the archive's file name
  bool allow_unknown_hash = false;  // take an archive whose sha256 is not known; the record says "unknown"
  bool keep_unsupervised = false;   // extract train/unsup too
  bool replace = false;             // an output folder with other contents is replaced instead of refused
  SplitOptions split;
  std::vector<KnownArchive> known = known_imdb_archives();
  net::ExtractLimits limits{int64_t{1} << 30, int64_t{64} << 20, 200'000};
  net::ByteProgress progress;
};

struct ImdbOutcome {
  OrderedJson record;          // data_record.json
  bool already_there = false;  // the output folder was made from the same archive with the same options
};

// Checks the archive's hash, extracts it, checks counts and reviews, cuts validation off, and leaves in `output`:
//   aclImdb/{train,test}/{neg,pos}/*.txt, aclImdb/README, urls_*.txt where there are any
//   splits.json, data_record.json
// As one step: on any failure, and on Ctrl-C, `output` is as it was before. A truncated or altered archive has an
// unknown hash; that, hostile entries, wrong counts and bad reviews are kInvalidInput.
Result<ImdbOutcome> prepare_imdb(const std::filesystem::path& archive, const std::filesystem::path& output,
                                 const ImdbOptions& options);

}  // namespace coppice::data
