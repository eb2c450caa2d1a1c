// What EnergyTracker costs the program it is in, as one JSON document. Run by run.py.
//
//   tracker_bench --now                          the monotonic clock, in nanoseconds, as early as main can
//   tracker_bench track BUSY_MS IDLE_S [PROC]    start, work for BUSY_MS, sleep for IDLE_S, finish; PROC: instead of
//   /proc tracker_bench bare BUSY_MS IDLE_S            the same without a tracker
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "native/energy/tracker.h"

namespace {

using coppice::OrderedJson;
using coppice::energy::EnergyTracker;

double seconds_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double resident_bytes() { return coppice::energy::self_usage({}).resident_bytes.value(); }

// By the thread's own clock, so that it is the same work on a loaded machine.
void work(double seconds) {
  const double end = seconds_of(CLOCK_THREAD_CPUTIME_ID) + seconds;
  volatile double sum = 0.0;
  while (seconds_of(CLOCK_THREAD_CPUTIME_ID) < end) sum = sum + 1.0;
}

void sleep_for(double seconds) {
  const auto whole = static_cast<time_t>(seconds);
  timespec left{whole, static_cast<long>((seconds - static_cast<double>(whole)) * 1e9)};
  while (::nanosleep(&left, &left) != 0) {
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--now") == 0) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    std::printf("%lld\n", static_cast<long long>(now.tv_sec) * 1'000'000'000 + now.tv_nsec);
    return 0;
  }
  if (argc < 4 || argc > 5) {
    std::fprintf(stderr, "usage: tracker_bench --now | track BUSY_MS IDLE_S [PROC] | bare BUSY_MS IDLE_S\n");
    return 2;
  }
  const bool track = std::strcmp(argv[1], "track") == 0;
  const double busy_seconds = std::strtod(argv[2], nullptr) * 1e-3;
  const double idle_seconds = std::strtod(argv[3], nullptr);
  OrderedJson json;
  const double resident_before = resident_bytes();
  std::unique_ptr<EnergyTracker> tracker;
  if (track) {
    coppice::energy::TrackerOptions options;
    options.place.country = "FRA";
    if (argc == 5) options.paths.proc = argv[4];
    const double begin = seconds_of(CLOCK_MONOTONIC);
    auto started = EnergyTracker::start(std::move(options));
    json["start_milliseconds"] = (seconds_of(CLOCK_MONOTONIC) - begin) * 1e3;
    if (!started) {
      std::fprintf(stderr, "tracker_bench: %s\n", started.status().message().c_str());
      return 1;
    }
    tracker = *std::move(started);
  }
  work(busy_seconds);
  const double cpu_before = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  sleep_for(idle_seconds);
  json["idle_seconds"] = idle_seconds;
  json["cpu_seconds_while_idle"] = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
  json["resident_bytes"] = resident_bytes();
  json["resident_bytes_added"] = resident_bytes() - resident_before;
  if (tracker) {
    const coppice::energy::EnergyReport report = tracker->finish();
    const OrderedJson full = to_json(report);
    json["duration_seconds"] = report.total.duration.value();
    for (const char* figure : {"energy_joules", "carbon_grams_co2e"}) {
      if (full.contains(figure)) json[figure] = full[figure];
    }
  }
  std::printf("%s\n", coppice::dump_json(json).c_str());
  return 0;
}
