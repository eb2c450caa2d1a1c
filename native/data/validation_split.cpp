#include "native/data/validation_split.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include "native/data/stable_hash.h"
#include "native/data/union_find.h"

namespace coppice::data {
namespace {

struct Group {
  uint64_t order = 0;             // place in the seeded order
  std::array<size_t, 2> count{};  // per class
  std::vector<size_t> members;
};

void split_by_film(const AclImdbPart& train, const std::vector<size_t>& near_clusters, ValidationSplit& split) {
  UnionFind joined(train.reviews.size());
  std::unordered_map<std::string, size_t> first_of_film;
  for (size_t i = 0; i < train.reviews.size(); ++i) {
    joined.join(first_of_film.try_emplace(train.films[i], i).first->second, i);
    joined.join(near_clusters[i], i);
  }
  std::unordered_map<size_t, Group> by_representative;
  for (size_t i = 0; i < train.reviews.size(); ++i) {
    Group& group = by_representative[joined.find(i)];
    group.order = stable_hash(train.films[joined.find(i)], split.options.seed);
    ++group.count[static_cast<size_t>(train.reviews[i].label)];
    group.members.push_back(i);
  }
  std::vector<Group> groups;
  groups.reserve(by_representative.size());
  for (auto& [representative, group] : by_representative) groups.push_back(std::move(group));
  std::sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) {
    return a.order != b.order ? a.order < b.order : a.members.front() < b.members.front();
  });
  split.groups = groups.size();
  // In seeded order, each film that still fits both classes. The many small films fill what the large ones leave.
  for (const Group& group : groups) {
    if (split.taken[0] + group.count[0] > split.target[0] || split.taken[1] + group.count[1] > split.target[1])
      continue;
    for (size_t label = 0; label < 2; ++label) split.taken[label] += group.count[label];
    split.validation.insert(split.validation.end(), group.members.begin(), group.members.end());
    ++split.groups_in_validation;
  }
}

void split_by_id_runs(const AclImdbPart& train, const std::vector<size_t>& near_clusters, ValidationSplit& split) {
  for (int label = 0; label < 2; ++label) {
    std::vector<size_t> of_class;  // by number, as read
    for (size_t i = 0; i < train.reviews.size(); ++i) {
      if (train.reviews[i].label == label) of_class.push_back(i);
    }
    const size_t target = split.target[static_cast<size_t>(label)];
    if (target == 0) continue;
    const size_t runs_taken = std::min(kIdRunsPerClass, target);
    // The class is cut into as many equal runs as make runs_taken of them the target.
    const size_t length = target / runs_taken;
    const size_t runs = std::max<size_t>(of_class.size() / length, runs_taken);
    std::vector<size_t> order(runs);
    std::iota(order.begin(), order.end(), size_t{0});
    const auto rank = [&](size_t run) {
      return stable_hash(std::to_string(label) + "/" + std::to_string(run), split.options.seed);
    };
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rank(a) < rank(b); });
    split.groups += runs;
    split.groups_in_validation += runs_taken;
    for (size_t k = 0; k < runs_taken; ++k) {
      const size_t start = order[k] * length;
      for (size_t i = start; i < std::min(start + length, of_class.size()); ++i)
        split.validation.push_back(of_class[i]);
    }
  }
  // A cluster of near-duplicates with a member in train goes there whole.
  std::vector<bool> in_validation(train.reviews.size());
  for (const size_t i : split.validation) in_validation[i] = true;
  std::unordered_set<size_t> clusters_in_train;
  for (size_t i = 0; i < train.reviews.size(); ++i) {
    if (!in_validation[i]) clusters_in_train.insert(near_clusters[i]);
  }
  split.moved_near_duplicates =
      std::erase_if(split.validation, [&](size_t i) { return clusters_in_train.contains(near_clusters[i]); });
  for (const size_t i : split.validation) ++split.taken[static_cast<size_t>(train.reviews[i].label)];
}

}  // namespace

const char* name_of(SplitRule rule) { return rule == SplitRule::kByFilm ? "by_film" : "by_id_runs"; }

ValidationSplit split_validation(const AclImdbPart& train, const std::vector<size_t>& near_clusters,
                                 const SplitOptions& options) {
  ValidationSplit split;
  split.options = options;
  std::array<size_t, 2> total{};
  for (const Review& review : train.reviews) ++total[static_cast<size_t>(review.label)];
  for (size_t label = 0; label < 2; ++label) {
    split.target[label] = static_cast<size_t>(std::llround(options.share * static_cast<double>(total[label])));
  }
  if (train.films.empty()) {
    split_by_id_runs(train, near_clusters, split);
  } else {
    split.rule = SplitRule::kByFilm;
    split_by_film(train, near_clusters, split);
  }
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

}  // namespace coppice::data
