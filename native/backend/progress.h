// Progress on standard error: one line that is redrawn on a terminal, plain lines now and then elsewhere.
#pragma once

#include <chrono>
#include <string>

namespace coppice::backend {

class Progress {
 public:
  explicit Progress(std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` of `total` units; `detail` is appended ("loss 0.31, 1,450 tokens/s, 812 J"). Rate-limited, so call it
  // freely.
  void update(double done, double total, const std::string& detail);
  // A line of its own, e.g. a validation result.
  void note(const std::string& line);

 private:
  void clear_line();

  std::string what_;
  bool terminal_;
  bool line_open_ = false;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_;
};

// "4 min 05 s", "12 s".
std::string duration_text(double seconds);
// A number in few digits: "1,450", "0.31".
std::string fixed(double value, int decimals);

}  // namespace coppice::backend
