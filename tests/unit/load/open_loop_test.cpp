#include "native/load/open_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

namespace coppice::load {
namespace {

void wait_ms(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

TEST(OpenLoop, SendsAtItsRateAndEachIndexOnce) {
  std::mutex mutex;
  std::set<size_t> seen;
  const auto samples = run_open_loop(
      {200.0, 0.5, 8},
      [&](size_t worker, size_t index) {
        EXPECT_LT(worker, 8U);
        const std::lock_guard lock(mutex);
        seen.insert(index);
        return Answer{200, ""};
      },
      nullptr);
  ASSERT_TRUE(samples.ok()) << samples.status().message();
  ASSERT_EQ(samples->size(), 100U);
  EXPECT_EQ(seen.size(), 100U);
  for (size_t i = 0; i < samples->size(); ++i) {
    EXPECT_DOUBLE_EQ((*samples)[i].due, static_cast<double>(i) / 200.0);
    EXPECT_GE((*samples)[i].sent, (*samples)[i].due);
    EXPECT_GE((*samples)[i].done, (*samples)[i].sent);
  }
}

// One connection, 50 requests a second, and the request at 0.2 s takes a second: what is due meanwhile waits, and its
// time counts from when it was due. A client that waited would have one slow sample.
TEST(OpenLoop, AStallShowsInAllThatWasDueMeanwhile) {
  const auto samples = run_open_loop(
      {50.0, 2.0, 1},
      [&](size_t, size_t index) {
        if (index == 10) wait_ms(1000);
        return Answer{200, ""};
      },
      nullptr);
  ASSERT_TRUE(samples.ok());
  ASSERT_EQ(samples->size(), 100U);
  size_t slow = 0;
  for (const Sample& sample : *samples) {
    const double latency = sample.done - sample.due;
    const bool during = sample.due >= 0.2 && sample.due < 1.2;
    if (latency > 0.5) ++slow;
    // Due t after the stall began: it waits until 1.2 s at least.
    if (during) {
      EXPECT_GE(latency, 1.2 - sample.due - 0.001) << sample.due;
    }
  }
  EXPECT_GE(slow, 25U);  // due in the stall's first half
}

TEST(OpenLoop, ManyConnectionsOverlap) {
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  const auto samples = run_open_loop(
      {100.0, 0.5, 32},
      [&](size_t, size_t) {
        const int running = ++now;
        int seen = most;
        while (running > seen && !most.compare_exchange_weak(seen, running)) {
        }
        wait_ms(100);
        --now;
        return Answer{200, ""};
      },
      nullptr);
  ASSERT_TRUE(samples.ok());
  // A hundred a second, each for a tenth: ten at a time.
  EXPECT_GE(most, 5);
}

TEST(OpenLoop, AStopEndsItAndWhatWasNotSentIsLeftOut) {
  std::atomic<int> count = 0;
  const auto samples = run_open_loop(
      {1000.0, 60.0, 2},
      [&](size_t, size_t) {
        ++count;
        return Answer{200, ""};
      },
      [&] { return count >= 20; });
  ASSERT_TRUE(samples.ok());
  EXPECT_GE(samples->size(), 20U);
  EXPECT_LT(samples->size(), 100U);
}

TEST(OpenLoop, RefusesWhatMakesNoSense) {
  const Send send = [](size_t, size_t) { return Answer{200, ""}; };
  EXPECT_EQ(run_open_loop({0.0, 1.0, 1}, send, nullptr).status().code(), StatusCode::kInvalidUsage);
  EXPECT_EQ(run_open_loop({1.0, -1.0, 1}, send, nullptr).status().code(), StatusCode::kInvalidUsage);
  EXPECT_EQ(run_open_loop({1.0, 1.0, 0}, send, nullptr).status().code(), StatusCode::kInvalidUsage);
  EXPECT_EQ(run_open_loop({1e5, 86400.0, 1}, send, nullptr).status().code(), StatusCode::kInvalidUsage);
}

}  // namespace
}  // namespace coppice::load
