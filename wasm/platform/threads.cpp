#include "wasm/platform/threads.h"

#ifdef COPPICE_WASM_THREADS
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace coppice::platform {
namespace {

// Between two operators pass microseconds, and to wake a worker that sleeps takes many of them, thirty times a run. So
// a thread looks for so long before it sleeps.
constexpr std::chrono::microseconds kLooks{50};

template <typename Condition>
void look_for(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + kLooks;
  do {
    for (int i = 0; i < 256; ++i) {  // the clock is a call of the browser's
      if (condition()) return;
    }
  } while (std::chrono::steady_clock::now() < end);
}

// As natively (native/infer/thread_pool.h), but without an end: its threads end with the module. Written twice, since
// what both may include is the core, which has no threads.
class Pool : public engine::Threads {
 public:
  size_t begin(size_t wanted) {
    for (; begun_ < wanted && count_ == 0; ++begun_) {
      pthread_t thread;
      if (::pthread_create(&thread, nullptr, &Pool::enter, this) != 0) break;
      ::pthread_detach(thread);
    }
    const std::lock_guard lock(mutex_);
    return running_;
  }
  void settle() {
    const std::lock_guard lock(mutex_);
    if (count_ == 0) count_ = running_;
  }

  [[nodiscard]] size_t count() const override { return count_; }

  void run(size_t parts, const std::function<void(size_t part)>& part) override {
    std::unique_lock lock(mutex_);
    work_ = &part;
    parts_ = parts;
    next_ = finished_ = 0;
    all_done_ = parts == 0;
    there_is_work_ = parts > 0;
    if (parts > 1) wake_.notify_all();
    take_parts(lock);
    if (all_done_) return;
    lock.unlock();
    look_for([this] { return all_done_.load(); });
    lock.lock();
    done_.wait(lock, [this] { return all_done_.load(); });
  }

 private:
  static void* enter(void* pool) {
    auto& self = *static_cast<Pool*>(pool);
    {
      const std::lock_guard lock(self.mutex_);
      ++self.running_;
    }
    for (;;) {
      look_for([&self] { return self.there_is_work_.load(); });
      std::unique_lock lock(self.mutex_);
      self.wake_.wait(lock, [&self] { return self.next_ < self.parts_; });
      self.take_parts(lock);
    }
  }

  // Takes parts until there are none. Called with the lock held.
  void take_parts(std::unique_lock<std::mutex>& lock) {
    while (next_ < parts_) {
      const size_t part = next_++;
      there_is_work_ = next_ < parts_;
      lock.unlock();
      (*work_)(part);
      lock.lock();
      if (++finished_ < parts_) continue;
      all_done_ = true;
      done_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const std::function<void(size_t)>* work_ = nullptr;
  size_t parts_ = 0;
  size_t next_ = 0;
  size_t finished_ = 0;
  std::atomic<bool> there_is_work_{false};  // next_ < parts_; written with the lock held, as the next
  std::atomic<bool> all_done_{true};        // finished_ == parts_
  size_t begun_ = 1;                        // with the caller's
  size_t running_ = 1;                      // the same
  size_t count_ = 0;                        // 0: not settled
};

Pool& pool() {
  static Pool& the_pool = *new Pool;  // never destroyed: its threads wait in it
  return the_pool;
}

}  // namespace

size_t use_threads(size_t wanted) { return pool().begin(wanted); }

engine::Threads* threads() {
  pool().settle();
  return pool().count() > 1 ? &pool() : nullptr;
}

}  // namespace coppice::platform
#else
namespace coppice::platform {

size_t use_threads(size_t /*wanted*/) { return 1; }
engine::Threads* threads() { return nullptr; }

}  // namespace coppice::platform
#endif
