// Reviews without labels: what a teacher can teach from, but nobody judged.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "native/data/review.h"
#include "shared/base/status.h"

namespace coppice::data {

struct UnlabelledReviews {
  std::vector<Review> reviews;  // label kUnlabelled, by number
  size_t available = 0;         // in the folder
  size_t near_others = 0;       // of those, left out since a review of `apart_from` says nearly the same
};

// `folder` holds NUMBER_RATING.txt files, as train/unsup of the IMDb archive (`coppice fetch imdb --unsupervised`), or
// is a data folder with that folder in it. `limit` > 0 takes a sample that is the same on every machine, and nested.
// Reviews that are (near-)duplicates (duplicates.h) of one of `apart_from`, the reviews that validate and test, are
// left out, so that the student is not taught on what it is judged by.
Result<UnlabelledReviews> read_unlabelled(const std::filesystem::path& folder, size_t limit,
                                          std::span<const Review> apart_from);

}  // namespace coppice::data
