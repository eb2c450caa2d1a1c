#include "native/data/duplicates.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>

#include "native/data/stable_hash.h"
#include "native/data/union_find.h"

namespace coppice::data {
namespace {

using Shingles = std::vector<uint64_t>;  // ascending, each once

Shingles shingles_of(std::string_view normalised) {
  std::vector<uint64_t> words;
  while (!normalised.empty()) {
    const size_t end = std::min(normalised.find(' '), normalised.size());
    words.push_back(stable_hash(normalised.substr(0, end)));
    normalised.remove_prefix(std::min(end + 1, normalised.size()));
  }
  Shingles shingles;
  const size_t width = std::min(kShingleWords, words.size());
  for (size_t start = 0; width > 0 && start + width <= words.size(); ++start) {
    uint64_t hash = width;
    for (size_t i = 0; i < width; ++i) hash = mix64(hash * 0x9e3779b97f4a7c15ULL + words[start + i]);
    shingles.push_back(hash);
  }
  std::sort(shingles.begin(), shingles.end());
  shingles.erase(std::unique(shingles.begin(), shingles.end()), shingles.end());
  return shingles;
}

// How many reviews a shingle is in, by hashing into a fixed table: collisions only overstate, and the count only orders
// shingles and leaves out those that occur once, so the search stays exact.
class Frequencies {
 public:
  explicit Frequencies(size_t shingles) : shift_(64 - bits_for(shingles)), counts_(size_t{1} << bits_for(shingles)) {}
  void add(uint64_t shingle) {
    uint16_t& count = counts_[slot(shingle)];
    if (count < UINT16_MAX) ++count;
  }
  [[nodiscard]] uint16_t operator[](uint64_t shingle) const { return counts_[slot(shingle)]; }

 private:
  static constexpr int kMostBits = 24;  // 32 MiB
  static int bits_for(size_t shingles) { return std::clamp(static_cast<int>(std::bit_width(shingles)), 1, kMostBits); }
  [[nodiscard]] size_t slot(uint64_t shingle) const { return shingle >> shift_; }
  int shift_;
  std::vector<uint16_t> counts_;
};

bool are_near(const Shingles& a, const Shingles& b) {
  const auto smaller = static_cast<double>(std::min(a.size(), b.size()));
  const auto larger = static_cast<double>(std::max(a.size(), b.size()));
  if (smaller < kNearDuplicate * larger) return false;
  size_t shared = 0;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) ++shared;
    const bool step_a = a[i] <= b[j];
    const bool step_b = b[j] <= a[i];
    i += step_a ? 1 : 0;
    j += step_b ? 1 : 0;
  }
  return static_cast<double>(shared) >= kNearDuplicate * static_cast<double>(a.size() + b.size() - shared);
}

// Two sets with Jaccard similarity of at least t share one of their |x| - ceil(t |x|) + 1 rarest members.
size_t prefix_length(size_t size) {
  return size - static_cast<size_t>(std::ceil(kNearDuplicate * static_cast<double>(size))) + 1;
}

// Joins near-duplicates among the reviews listed in `members` (one of each set of exact duplicates).
void join_near(const std::vector<size_t>& members, const std::vector<Shingles>& shingles, UnionFind& clusters) {
  size_t total = 0;
  for (const size_t member : members) total += shingles[member].size();
  Frequencies frequencies(total);
  for (const size_t member : members) {
    for (const uint64_t shingle : shingles[member]) frequencies.add(shingle);
  }
  std::vector<std::pair<uint64_t, size_t>> postings;
  std::vector<std::pair<uint16_t, uint64_t>> by_rarity;
  for (const size_t member : members) {
    if (shingles[member].empty()) continue;
    by_rarity.clear();
    for (const uint64_t shingle : shingles[member]) by_rarity.emplace_back(frequencies[shingle], shingle);
    std::sort(by_rarity.begin(), by_rarity.end());
    by_rarity.resize(prefix_length(by_rarity.size()));
    for (const auto& [count, shingle] : by_rarity) {
      if (count > 1) postings.emplace_back(shingle, member);
    }
  }
  std::sort(postings.begin(), postings.end());

  std::unordered_set<uint64_t> rejected;
  for (size_t first = 0; first < postings.size();) {
    size_t last = first;
    while (last < postings.size() && postings[last].first == postings[first].first) ++last;
    for (size_t i = first; i < last; ++i) {
      for (size_t j = i + 1; j < last; ++j) {
        const size_t a = postings[i].second;
        const size_t b = postings[j].second;
        if (clusters.find(a) == clusters.find(b)) continue;
        const uint64_t pair = (static_cast<uint64_t>(a) << 32) | b;
        if (rejected.contains(pair)) continue;
        if (are_near(shingles[a], shingles[b])) {
          clusters.join(a, b);
        } else {
          rejected.insert(pair);
        }
      }
    }
    first = last;
  }
}

}  // namespace

std::string normalised_text(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  bool gap = false;
  for (size_t i = 0; i < text.size(); ++i) {
    constexpr std::string_view kBreak = "<br />";
    if (text.substr(i, kBreak.size()) == kBreak) {
      gap = true;
      i += kBreak.size() - 1;
      continue;
    }
    char c = text[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if (!word) {
      gap = true;
      continue;
    }
    if (gap && !result.empty()) result += ' ';
    gap = false;
    result += c;
  }
  return result;
}

DuplicateClusters find_duplicates(std::span<const Review> reviews) {
  std::vector<Shingles> shingles(reviews.size());
  UnionFind exact(reviews.size());
  UnionFind near(reviews.size());
  std::unordered_map<std::string, size_t> first_with;
  std::vector<size_t> members;
  for (size_t i = 0; i < reviews.size(); ++i) {
    std::string normalised = normalised_text(reviews[i].text);
    shingles[i] = shingles_of(normalised);
    const auto [place, is_new] = first_with.try_emplace(std::move(normalised), i);
    if (is_new) {
      members.push_back(i);
    } else {
      exact.join(place->second, i);
      near.join(place->second, i);
    }
  }
  join_near(members, shingles, near);
  return {exact.representatives(), near.representatives()};
}

}  // namespace coppice::data
