#include "shared/engine/sparse_quads.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace coppice::engine {

std::vector<SparseQuad> find_quads(std::span<const int8_t> row, size_t first, size_t count) {
  std::vector<SparseQuad> quads;
  const std::span<const int8_t> block = row.subspan(first, std::min(count, row.size() - first));
  quads.reserve((block.size() + 3) / 4);
  for (size_t k = 0; k < block.size(); k += 4) {
    uint32_t bits = 0;
    std::memcpy(&bits, block.data() + k, std::min<size_t>(4, block.size() - k));
    if (bits == 0) continue;
    SparseQuad& quad = quads.emplace_back();
    quad.place = static_cast<uint8_t>(k / 4);
    std::memcpy(quad.values.data(), &bits, 4);
  }
  return quads;
}

bool fit_together(const SparseQuad& a, const SparseQuad& b) {
  for (size_t half = 0; half < 4; half += 2) {
    // The larger of what is positive and what is negative is half of the magnitudes and of the sum's.
    int sum = 0;
    int magnitudes = 0;
    for (const int8_t weight : {a.values[half], a.values[half + 1], b.values[half], b.values[half + 1]}) {
      sum += weight;
      magnitudes += std::abs(weight);
    }
    if (magnitudes + std::abs(sum) > 256) return false;
  }
  return true;
}

std::vector<SparseQuad> paired(const std::vector<SparseQuad>& quads) {
  std::vector<SparseQuad> pairs;
  pairs.reserve(quads.size() + 2);
  std::vector<bool> taken(quads.size(), false);
  for (size_t i = 0; i < quads.size(); ++i) {
    if (taken[i]) continue;
    size_t other = i + 1;
    while (other < quads.size() && (taken[other] || !fit_together(quads[i], quads[other]))) ++other;
    pairs.push_back(quads[i]);
    if (other < quads.size()) {
      taken[other] = true;
      pairs.push_back(quads[other]);
    } else {
      pairs.push_back({quads[i].place, {}});
    }
  }
  return pairs;
}

}  // namespace coppice::engine
