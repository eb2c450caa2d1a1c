#include "shared/engine/sparse_quads.h"

#include <algorithm>

namespace coppice::engine {

std::vector<SparseQuad> find_quads(std::span<const int8_t> row, size_t first, size_t count) {
  std::vector<SparseQuad> quads;
  for (size_t k = first; k < std::min(row.size(), first + count); k += 4) {
    SparseQuad quad;
    quad.place = static_cast<uint16_t>(k / 4);
    const std::span<const int8_t> found = row.subspan(k, std::min<size_t>(4, row.size() - k));
    std::copy(found.begin(), found.end(), quad.values.begin());
    if (quad.values != std::array<int8_t, 4>{}) quads.push_back(quad);
  }
  return quads;
}

bool fit_together(const SparseQuad& a, const SparseQuad& b) {
  for (size_t half = 0; half < 4; half += 2) {
    int positive = 0;
    int negative = 0;
    for (const int weight : {a.values[half], a.values[half + 1], b.values[half], b.values[half + 1]}) {
      (weight > 0 ? positive : negative) += weight;
    }
    if (positive > 128 || negative < -128) return false;
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
