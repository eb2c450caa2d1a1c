// Threads that each compute a whole micro-batch on one core.
//
// Splitting one matrix product over cores costs more in hand-overs than it gains at the sizes of a small BERT. So
// libtorch and BLAS run single-threaded, and cores work on different micro-batches. As each piece is computed alone and
// summed in a fixed order, results do not depend on the number of threads.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace coppice::model {

class WorkerPool {
 public:
  // `threads` in all, the caller's included; 0: one for each core this process may use. Sets libtorch to one thread
  // in each of them.
  explicit WorkerPool(int threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  [[nodiscard]] int threads() const;

  // Calls work(0) ... work(count - 1), each once, on any thread, and returns when all are done. The first exception is
  // thrown again here.
  void run(size_t count, const std::function<void(size_t index)>& work);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coppice::model
