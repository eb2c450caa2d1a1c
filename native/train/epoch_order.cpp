#include "native/train/epoch_order.h"

#include <numeric>
#include <utility>

namespace coppice::train {
namespace {

uint64_t split_mix64(uint64_t& state) {
  uint64_t z = state += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

std::vector<uint32_t> epoch_order(size_t count, uint64_t seed, int64_t epoch) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  uint64_t state = seed * 0x2545f4914f6cdd1dULL + static_cast<uint64_t>(epoch);
  for (size_t i = count; i > 1; --i) {
    // The high 64 bits of a 128-bit product map a random number to 0..i-1 without a visible bias.
    const auto j = static_cast<size_t>((static_cast<unsigned __int128>(split_mix64(state)) * i) >> 64);
    std::swap(order[i - 1], order[j]);
  }
  return order;
}

}  // namespace coppice::train
