#include "native/net/progress.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace coppice::net {
namespace {

constexpr auto kRedrawEvery = std::chrono::milliseconds(100);
constexpr auto kLineEvery = std::chrono::seconds(5);

std::string megabytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", bytes / 1e6);
  return text;
}

}  // namespace

Progress::Progress(std::string what)
    : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) != 0), start_(Clock::now()), last_drawn_(start_) {}

Progress::~Progress() {
  if (terminal_ && drawn_) std::fputc('\n', stderr);
}

std::string Progress::describe(int64_t done, int64_t total, double bytes_per_second) {
  std::string text = megabytes(static_cast<double>(done));
  if (total > 0) {
    text += " of " + megabytes(static_cast<double>(total)) + " MB, " + std::to_string(done * 100 / total) + " %";
  } else {
    text += " MB";
  }
  if (bytes_per_second > 0) {
    text += ", " + megabytes(bytes_per_second) + " MB/s";
    if (total > done) {
      const auto left = static_cast<long>(std::lround(static_cast<double>(total - done) / bytes_per_second));
      char clock[32];
      std::snprintf(clock, sizeof clock, ", %ld:%02ld left", left / 60, left % 60);
      text += clock;
    }
  }
  return text;
}

void Progress::update(int64_t done, int64_t total) {
  const Clock::time_point now = Clock::now();
  if (first_done_ < 0) {
    first_done_ = done;
    start_ = now;
  }
  const bool finished = total > 0 && done >= total;
  if (!(finished && terminal_) && now - last_drawn_ < (terminal_ ? Clock::duration(kRedrawEvery) : kLineEvery)) return;
  last_drawn_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = seconds > 0.2 ? static_cast<double>(done - first_done_) / seconds : 0.0;
  const std::string text = what_ + ": " + describe(done, total, rate);
  // \033[K clears what a longer line left behind.
  std::fprintf(stderr, terminal_ ? "\r%s\033[K" : "%s\n", text.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

}  // namespace coppice::net
