// Which reviews say the same: exact duplicates after normalisation, and near-duplicates.
//
// Near-duplicates are pairs whose sets of four-word shingles have a Jaccard similarity of at least kNearDuplicate. The
// search is exact (every such pair is found; no random sketches): candidates come from prefix filtering (Chaudhuri,
// Ganti and Kaushik, "A Primitive Operator for Similarity Joins in Data Cleaning", ICDE 2006; Bayardo, Ma and Srikant,
// "Scaling Up All Pairs Similarity Search", WWW 2007), and each is then checked on its full shingle sets.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "native/data/review.h"

namespace coppice::data {

// Unrelated reviews share less than 5 % of their four-word shingles; at a half, about two sentences in three are
// shared.
inline constexpr double kNearDuplicate = 0.5;
inline constexpr size_t kShingleWords = 4;

// Lower-case ASCII, "<br />" and every ASCII character that is no letter or digit turned into one space between words.
std::string normalised_text(std::string_view text);

struct DuplicateClusters {
  // Of each review: the index of the first review of its cluster; its own index when it has no duplicate. Clusters are
  // the connected components of the pairs, so that a ~ b ~ c keeps all three together.
  std::vector<size_t> exact;  // equal after normalisation
  std::vector<size_t> near;   // equal or near
};

DuplicateClusters find_duplicates(std::span<const Review> reviews);

}  // namespace coppice::data
