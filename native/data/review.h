// One review.
#pragma once

#include <string>

namespace coppice::data {

inline constexpr int kUnlabelled = -1;  // read_unlabelled only; everything else that reads reviews gives 0 or 1

struct Review {
  std::string text;  // UTF-8, as in the source; IMDb reviews hold literal "<br />"
  int label = 0;     // 0 negative, 1 positive, kUnlabelled
  std::string id;    // "train/pos/123_8" (aclImdb) or "FILE.tsv:12" (TSV, 1-based line)
};

}  // namespace coppice::data
