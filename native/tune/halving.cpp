#include "native/tune/halving.h"

#include <algorithm>
#include <string>

namespace coppice::tune {
namespace {

constexpr int64_t kDefaultRungs = 3;
constexpr int64_t kMostRungs = 20;

}  // namespace

Result<std::vector<int64_t>> rung_reviews(const HalvingOptions& options, int64_t most_reviews) {
  if (options.eta < 2) return invalid_usage("--eta: expected at least 2");
  if (options.min_reviews > 0 && options.rungs > 0) {
    return invalid_usage("--min-reviews and --rungs say the same in two ways; give one of them");
  }
  int64_t first = options.min_reviews;
  if (first == 0) {
    const int64_t rungs = options.rungs > 0 ? options.rungs : kDefaultRungs;
    if (rungs > kMostRungs) return invalid_usage("--rungs: expected at most " + std::to_string(kMostRungs));
    first = most_reviews;
    for (int64_t rung = 1; rung < rungs; ++rung) first = (first + options.eta - 1) / options.eta;
  }
  if (first < 2 || first > most_reviews) {
    return invalid_usage("the first rung would train on " + std::to_string(first) + " of " +
                         std::to_string(most_reviews) + " reviews; expected 2 to " + std::to_string(most_reviews) +
                         " (--min-reviews, --rungs, --eta)");
  }
  std::vector<int64_t> sizes;
  for (int64_t reviews = first; reviews < most_reviews; reviews *= options.eta) sizes.push_back(reviews);
  sizes.push_back(most_reviews);
  return sizes;
}

std::vector<int64_t> promote(const std::vector<RankedTrial>& rung, int64_t eta) {
  std::vector<const RankedTrial*> finished;
  for (const RankedTrial& entry : rung) {
    if (entry.result.state == TrialState::kFinished) finished.push_back(&entry);
  }
  std::sort(finished.begin(), finished.end(), [](const RankedTrial* a, const RankedTrial* b) {
    return better(a->trial, a->result, b->trial, b->result);
  });
  const size_t wanted = std::max<size_t>(1, rung.size() / static_cast<size_t>(eta));
  if (finished.size() > wanted) finished.resize(wanted);
  std::vector<int64_t> candidates;
  for (const RankedTrial* entry : finished) candidates.push_back(entry->trial.candidate);
  std::sort(candidates.begin(), candidates.end());
  return candidates;
}

}  // namespace coppice::tune
