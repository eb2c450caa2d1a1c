// A 64-bit hash that gives the same value on every machine and in every version: the order of samples and the weights
// of hashed features depend on it.
#pragma once

#include <cstdint>
#include <string_view>

namespace coppice {

// The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
constexpr uint64_t mix64(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// FNV-1a a byte at a time (Fowler, Noll, Vo).
inline constexpr uint64_t kFnv1aStart = 0xcbf29ce484222325ULL;
constexpr uint64_t fnv1a(uint64_t hash, char byte) { return (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3ULL; }

// FNV-1a over the bytes, then mixed.
constexpr uint64_t stable_hash(std::string_view bytes, uint64_t seed = 0) {
  uint64_t hash = kFnv1aStart ^ mix64(seed + 0x9e3779b97f4a7c15ULL);
  for (const char c : bytes) hash = fnv1a(hash, c);
  return mix64(hash);
}

}  // namespace coppice
