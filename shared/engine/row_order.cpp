#include "shared/engine/row_order.h"

#include <algorithm>
#include <numeric>

#include "shared/engine/kernels/kernels.h"

namespace coppice::engine {

void order_rows(std::span<const size_t> entries_of, uint8_t* order) {
  for (size_t first = 0; first < entries_of.size(); first += kernels::kRowWindow) {
    const size_t count = std::min(kernels::kRowWindow, entries_of.size() - first);
    uint8_t* window = order + first;
    std::iota(window, window + count, uint8_t{0});
    std::stable_sort(window, window + count,
                     [&](uint8_t a, uint8_t b) { return entries_of[first + a] < entries_of[first + b]; });
  }
}

}  // namespace coppice::engine
