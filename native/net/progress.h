// Progress of long work in bytes, on standard error: one line that is redrawn on a terminal, else plain lines.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace coppice::net {

class Progress {
 public:
  explicit Progress(std::string what);
  ~Progress();  // leaves the cursor on a new line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `total` 0: not known. The `done` of the first call was there before (a resumed download) and is no part of the
  // rate.
  void update(int64_t done, int64_t total);

  // "34.5 of 84.1 MB, 41 %, 3.2 MB/s, 0:15 left"
  static std::string describe(int64_t done, int64_t total, double bytes_per_second);

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point start_;
  Clock::time_point last_drawn_;
  int64_t first_done_ = -1;
};

}  // namespace coppice::net
