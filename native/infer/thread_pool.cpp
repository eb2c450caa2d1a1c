#include "native/infer/thread_pool.h"

#include <sched.h>

#include <algorithm>
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

}  // namespace

struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable done;
  const std::function<void(size_t)>* work = nullptr;
  size_t parts = 0;
  size_t next = 0;
  size_t finished = 0;
  bool stopping = false;
  std::vector<std::thread> threads;

  // Takes parts until there are none. Called with the lock held.
  void take_parts(std::unique_lock<std::mutex>& lock) {
    while (next < parts) {
      const size_t part = next++;
      lock.unlock();
      (*work)(part);
      lock.lock();
      if (++finished == parts) done.notify_all();
    }
  }

  void loop() {
    std::unique_lock lock(mutex);
    for (;;) {
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
  if (parts > 1) state_->wake.notify_all();
  state_->take_parts(lock);
  state_->done.wait(lock, [&] { return state_->finished == state_->parts; });
}

}  // namespace coppice::infer
