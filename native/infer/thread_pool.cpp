#include "native/infer/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace coppice::infer {
namespace {

size_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) return static_cast<size_t>(std::max(1, CPU_COUNT(&set)));
  return std::max<size_t>(1, std::thread::hardware_concurrency());
}

// Between two operators of a run pass microseconds; to wake a thread that sleeps takes a virtual machine a hundred of
// them, thirty times a run. So a thread looks for so long before it sleeps.
constexpr std::chrono::microseconds kLooks{50};

template <typename Condition>
void look_for(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + kLooks;
  do {
    for (int i = 0; i < 16; ++i) {
      if (condition()) return;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#elif defined(__aarch64__)
      asm volatile("yield");
#endif
    }
  } while (std::chrono::steady_clock::now() < end);
}

}  // namespace

struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable done;
  const std::function<void(size_t)>* work = nullptr;
  size_t parts = 0;
  size_t next = 0;
  std::atomic<bool> there_is_work{false};  // next < parts; written with the lock held, as the next two
  std::atomic<bool> all_done{true};        // finished == parts
  std::atomic<bool> stopping{false};
  size_t finished = 0;
  std::vector<std::thread> threads;

  // Takes parts until there are none. Called with the lock held.
  void take_parts(std::unique_lock<std::mutex>& lock) {
    while (next < parts) {
      const size_t part = next++;
      there_is_work = next < parts;
      lock.unlock();
      (*work)(part);
      lock.lock();
      if (++finished < parts) continue;
      all_done = true;
      done.notify_all();
    }
  }

  void loop() {
    for (;;) {
      look_for([&] { return there_is_work || stopping; });
      std::unique_lock lock(mutex);
      wake.wait(lock, [&] { return stopping || next < parts; });
      if (stopping) return;
      take_parts(lock);
    }
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  const size_t wanted = threads > 0 ? static_cast<size_t>(threads) : usable_cores();
  try {
    for (size_t i = 1; i < wanted; ++i) state_->threads.emplace_back([this] { state_->loop(); });
  } catch (const std::system_error&) {
    // A limit of the system: what there is does the work.
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

size_t ThreadPool::count() const { return state_->threads.size() + 1; }

void ThreadPool::run(size_t parts, const std::function<void(size_t part)>& part) {
  std::unique_lock lock(state_->mutex);
  state_->work = &part;
  state_->parts = parts;
  state_->next = 0;
  state_->finished = 0;
  state_->all_done = parts == 0;
  state_->there_is_work = parts > 0;
  if (parts > 1) state_->wake.notify_all();
  state_->take_parts(lock);
  if (state_->all_done) return;
  lock.unlock();
  look_for([&] { return state_->all_done.load(); });
  lock.lock();
  state_->done.wait(lock, [&] { return state_->all_done.load(); });
}

}  // namespace coppice::infer
