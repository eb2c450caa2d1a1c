#include "native/data/unlabelled.h"

#include <algorithm>
#include <unordered_set>

#include "native/data/acl_imdb.h"
#include "native/data/duplicates.h"
#include "native/data/stable_hash.h"

namespace coppice::data {
namespace {

namespace fs = std::filesystem;

fs::path find_folder(const fs::path& folder) {
  std::error_code ignored;
  for (const char* below : {"aclImdb/train/unsup", "train/unsup", "unsup"}) {
    if (fs::is_directory(folder / below, ignored)) return folder / below;
  }
  return folder;
}

// Keeps `limit` reviews, those of the smallest hash of their id, in the order they have.
void take_sample(std::vector<Review>& reviews, size_t limit) {
  if (limit == 0 || limit >= reviews.size()) return;
  std::vector<std::pair<uint64_t, size_t>> ranked;
  for (size_t i = 0; i < reviews.size(); ++i) ranked.emplace_back(stable_hash(reviews[i].id), i);
  std::sort(ranked.begin(), ranked.end());
  std::vector<bool> kept(reviews.size());
  for (size_t k = 0; k < limit; ++k) kept[ranked[k].second] = true;
  size_t next = 0;
  std::erase_if(reviews, [&](const Review&) { return !kept[next++]; });
}

}  // namespace

Result<UnlabelledReviews> read_unlabelled(const fs::path& folder, size_t limit, std::span<const Review> apart_from) {
  COPPICE_ASSIGN_OR_RETURN(std::vector<Review> found, read_unlabelled_folder(find_folder(folder)));
  UnlabelledReviews result;
  result.available = found.size();
  take_sample(found, limit);

  // The others first: a cluster's index is that of its first review, so a member of one that begins among them is near
  // one of them.
  std::vector<Review> all(apart_from.begin(), apart_from.end());
  all.insert(all.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  const std::vector<size_t> first_of = find_duplicates(all).near;
  for (size_t i = apart_from.size(); i < all.size(); ++i) {
    if (first_of[i] < apart_from.size()) {
      ++result.near_others;
    } else {
      result.reviews.push_back(std::move(all[i]));
    }
  }
  if (result.reviews.empty()) {
    return invalid_input(folder.string() + ": no review is left; all " + std::to_string(result.near_others) +
                         " are near-duplicates of reviews that validate or test");
  }
  return result;
}

}  // namespace coppice::data
