// Reviews that were read elsewhere, handed over in parts: reading 40 MB takes a second, which a page's main thread does
// not have. A worker reads and packs, the page takes a part at a time. Each record, little-endian:
//
//   uint32 line, uint32 label (0 negative, 1 positive, 2 none), uint32 length of the text, the text
#pragma once

#include <string>
#include <string_view>

#include "shared/base/status.h"
#include "shared/reviews/review_file.h"

namespace coppice::reviews {

std::string pack_reviews(const ReviewFile& file);

// Adds the records of `packed`, all of them whole, to `file`; on failure some may have been added.
Status add_packed_reviews(std::string_view packed, ReviewFile& file);

}  // namespace coppice::reviews
