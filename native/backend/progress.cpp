#include "native/backend/progress.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>

namespace coppice::backend {
namespace {

constexpr double kTerminalIntervalSeconds = 0.2;
constexpr double kPlainIntervalSeconds = 30;
constexpr size_t kBarWidth = 24;

double seconds_between(std::chrono::steady_clock::time_point a, std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

}  // namespace

Progress::Progress(std::string what)
    : what_(std::move(what)),
      terminal_(::isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()),
      last_(start_ - std::chrono::hours(1)) {}

Progress::~Progress() {
  if (line_open_) std::cerr << '\n';
}

void Progress::clear_line() {
  if (line_open_) std::cerr << "\r\033[K";
  line_open_ = false;
}

void Progress::update(double done, double total, const std::string& detail) {
  const auto now = std::chrono::steady_clock::now();
  const bool finished = done >= total;
  if (!finished && seconds_between(last_, now) < (terminal_ ? kTerminalIntervalSeconds : kPlainIntervalSeconds)) return;
  last_ = now;
  const double share = total > 0 ? std::min(1.0, done / total) : 1.0;
  const double elapsed = seconds_between(start_, now);
  std::string line = what_ + " ";
  if (terminal_) {
    const auto filled = std::min(kBarWidth, static_cast<size_t>(share * static_cast<double>(kBarWidth)));
    line += '[';
    line.append(filled, '#');
    line.append(kBarWidth - filled, '.');
    line += "] ";
  }
  line += fixed(100 * share, 1) + " %";
  if (share > 0 && !finished) line += ", " + duration_text(elapsed / share - elapsed) + " left";
  if (!detail.empty()) line += ", " + detail;
  if (terminal_) {
    clear_line();
    std::cerr << line << std::flush;
    line_open_ = true;
  } else {
    std::cerr << line << '\n';
  }
}

void Progress::note(const std::string& line) {
  clear_line();
  std::cerr << line << '\n';
}

std::string duration_text(double seconds) {
  const auto total = static_cast<long long>(std::llround(std::max(0.0, seconds)));
  std::array<char, 64> buffer{};
  if (total < 60) {
    std::snprintf(buffer.data(), buffer.size(), "%lld s", total);
  } else if (total < 3600) {
    std::snprintf(buffer.data(), buffer.size(), "%lld min %02lld s", total / 60, total % 60);
  } else {
    std::snprintf(buffer.data(), buffer.size(), "%lld h %02lld min", total / 3600, total % 3600 / 60);
  }
  return buffer.data();
}

std::string fixed(double value, int decimals) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
  return buffer.data();
}

}  // namespace coppice::backend
