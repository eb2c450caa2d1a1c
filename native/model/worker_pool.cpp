#include "native/model/worker_pool.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <sched.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace coppice::model {
namespace {

int available_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// Debian's libtorch does not tell OpenBLAS what at::set_num_threads says. Absent with another BLAS.
void make_openblas_single_threaded() {
  using SetThreads = void (*)(int);
  if (void* function = ::dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) reinterpret_cast<SetThreads>(function)(1);
}

}  // namespace

struct WorkerPool::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable done;
  const std::function<void(size_t)>* work = nullptr;
  size_t count = 0;
  size_t next = 0;      // first index nobody has taken
  size_t finished = 0;  // indices done
  std::exception_ptr error;
  bool stopping = false;
  std::vector<std::thread> threads;

  // Takes indices until there are none. Called with the lock held.
  void work_off(std::unique_lock<std::mutex>& lock) {
    while (next < count) {
      const size_t index = next++;
      const auto& function = *work;
      lock.unlock();
      std::exception_ptr failure;
      try {
        function(index);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      if (failure && !error) error = failure;
      if (++finished == count) done.notify_all();
    }
  }

  void loop() {
    at::set_num_threads(1);
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return stopping || next < count; });
      if (stopping) return;
      work_off(lock);
    }
  }
};

WorkerPool::WorkerPool(int threads) : state_(std::make_unique<State>()) {
  at::set_num_threads(1);
  make_openblas_single_threaded();
  const int total = threads > 0 ? threads : available_cores();
  for (int i = 1; i < total; ++i) state_->threads.emplace_back([this] { state_->loop(); });
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

int WorkerPool::threads() const { return static_cast<int>(state_->threads.size()) + 1; }

void WorkerPool::run(size_t count, const std::function<void(size_t index)>& work) {
  std::unique_lock lock(state_->mutex);
  state_->work = &work;
  state_->count = count;
  state_->next = 0;
  state_->finished = 0;
  state_->error = nullptr;
  state_->wake.notify_all();
  state_->work_off(lock);
  state_->done.wait(lock, [&] { return state_->finished == count; });
  state_->count = state_->next = 0;
  if (state_->error) std::rethrow_exception(state_->error);
}

}  // namespace coppice::model
