// One labelled review.
#pragma once

#include <string>

namespace coppice::data {

struct Review {
  std::string text;  // UTF-8, as in the source; IMDb reviews hold literal "<br />"
  int label = 0;     // 0 negative, 1 positive
  std::string id;    // "train/pos/123_8" (aclImdb) or "FILE.tsv:12" (TSV, 1-based line)
};

}  // namespace coppice::data
