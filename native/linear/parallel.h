// A range of work spread over threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <thread>
#include <vector>

namespace coppice::linear {

// Calls work(begin, end) for parts of [0, count) on `threads` threads (0: one per core), and waits. What a part writes
// must be its own, so that the result does not depend on the number of threads.
template <typename Work>
void in_parallel(int threads, size_t count, const Work& work) {
  const size_t parts =
      std::max<size_t>(1, threads > 0 ? static_cast<size_t>(threads) : std::thread::hardware_concurrency());
  std::vector<std::thread> others;
  for (size_t part = 1; part < parts; ++part)
    others.emplace_back([&, part] { work(count * part / parts, count * (part + 1) / parts); });
  work(0, count / parts);
  for (std::thread& other : others) other.join();
}

}  // namespace coppice::linear
