// Threads for the engine's operators (shared/engine/classifier.h).
#pragma once

#include <memory>

#include "shared/engine/classifier.h"

namespace coppice::infer {

class ThreadPool : public engine::Threads {
 public:
  // `threads` in all, the caller's included; 0: one for each core this process may use. Fewer where the system gives no
  // more.
  explicit ThreadPool(int threads);
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] size_t count() const override;
  void run(size_t parts, const std::function<void(size_t part)>& part) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coppice::infer
