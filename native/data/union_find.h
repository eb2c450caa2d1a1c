// Disjoint sets whose representative is always the smallest member, so that results do not depend on the order of
// joins.
#pragma once

#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace coppice::data {

class UnionFind {
 public:
  explicit UnionFind(size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), size_t{0}); }

  size_t find(size_t item) {
    while (parent_[item] != item) {
      parent_[item] = parent_[parent_[item]];  // path halving
      item = parent_[item];
    }
    return item;
  }

  void join(size_t a, size_t b) {
    a = find(a);
    b = find(b);
    if (a > b) std::swap(a, b);
    parent_[b] = a;
  }

  std::vector<size_t> representatives() {
    std::vector<size_t> result(parent_.size());
    for (size_t i = 0; i < parent_.size(); ++i) result[i] = find(i);
    return result;
  }

 private:
  std::vector<size_t> parent_;
};

}  // namespace coppice::data
