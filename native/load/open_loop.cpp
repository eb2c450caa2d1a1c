#include "native/load/open_loop.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <system_error>
#include <thread>

namespace coppice::load {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kMostRequests = 5e6;  // their samples are kept
constexpr auto kLongestSleep = std::chrono::milliseconds(100);

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// In pieces, so that a stop is seen.
bool sleep_until(Clock::time_point due, const Stop& stop) {
  for (;;) {
    if (stop && stop()) return false;
    const Clock::time_point now = Clock::now();
    if (now >= due) return true;
    std::this_thread::sleep_until(std::min<Clock::time_point>(due, now + kLongestSleep));
  }
}

}  // namespace

Result<std::vector<Sample>> run_open_loop(const Schedule& schedule, const Send& send, const Stop& stop) {
  const double count = std::max(1.0, std::floor(schedule.per_second * schedule.seconds));
  if (!(schedule.per_second > 0.0) || !(schedule.seconds > 0.0) || schedule.connections == 0) {
    return invalid_usage("rate, duration and connections must be more than 0");
  }
  if (!(count <= kMostRequests)) return invalid_usage("rate x duration: more than five million requests");
  std::vector<Sample> samples(static_cast<size_t>(count));
  std::atomic<size_t> next = 0;
  const Clock::time_point start = Clock::now();
  const auto work = [&](size_t worker) {
    for (;;) {
      const size_t index = next.fetch_add(1);
      if (index >= samples.size()) return;
      Sample& sample = samples[index];
      sample.due = static_cast<double>(index) / schedule.per_second;
      const auto due = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(sample.due));
      sample.done = -1.0;  // until it is answered
      if (!sleep_until(due, stop)) return;
      sample.sent = seconds_since(start);
      sample.answer = send(worker, index);
      sample.done = seconds_since(start);
    }
  };
  std::vector<std::thread> workers;
  Status started;
  for (size_t i = 0; i < std::min(schedule.connections, samples.size()); ++i) {
    try {
      workers.emplace_back(work, i);
    } catch (const std::system_error& error) {
      next = samples.size();
      started =
          failed(std::string("cannot start ") + std::to_string(schedule.connections) + " threads: " + error.what());
      break;
    }
  }
  for (std::thread& worker : workers) worker.join();
  COPPICE_RETURN_IF_ERROR(started);
  std::erase_if(samples, [](const Sample& sample) { return sample.done <= 0.0; });
  return samples;
}

}  // namespace coppice::load
