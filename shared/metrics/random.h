// Random numbers for resampling: a counter hashed by the SplitMix64 finaliser (Steele, Lea, Flood 2014). The n-th
// number of a seed is the same on every platform and needs no state, so that a published interval can be recomputed
// anywhere.
#pragma once

#include <cstdint>

namespace coppice::metrics {

// Seed of every published interval.
inline constexpr uint64_t kResamplingSeed = 20240607;

class CounterRandom {
 public:
  explicit CounterRandom(uint64_t seed) : key_(mix(seed ^ 0x9E3779B97F4A7C15ULL)) {}

  uint64_t next() { return mix(key_ + 0x9E3779B97F4A7C15ULL * ++counter_); }

  // Uniform in [0, n), 0 < n < 2^32, by multiply and shift: the bias is below n / 2^32, far under resampling noise.
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(((next() >> 32) * n) >> 32); }

 private:
  static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

  uint64_t key_;
  uint64_t counter_ = 0;
};

}  // namespace coppice::metrics
