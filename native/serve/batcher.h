// Requests that arrive while a model is busy are judged together in its next run. Nothing waits for company: an idle
// model starts at once, so that batching costs a lone request nothing. Up to BatchLimits::workers runs go at a time;
// the threads beyond the first, and their memory, come when they are first needed.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "native/serve/classifier.h"
#include "native/serve/energy_account.h"

namespace coppice::serve {

struct BatchLimits {
  size_t texts_a_run = 64;  // a run takes whole requests until it has so many texts
  // ... or so much text: about what fills one call of the engine. More gains nothing and makes the first ones wait.
  size_t bytes_a_run = 2048;
  size_t workers = 1;             // runs at a time
  size_t texts_waiting = 512;     // more are refused
  double longest_seconds = 15.0;  // from asking to the answer
};

class Batcher {
 public:
  // `on_run` is told the number of texts of each run; may be empty.
  Batcher(std::unique_ptr<Classifier> classifier, const BatchLimits& limits, std::function<void(size_t)> on_run);
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;
  // Requests that wait fail with kInterrupted at once; a run that has begun is finished and answered.
  ~Batcher();

  [[nodiscard]] const ModelInfo& info() const { return classifier_->info(); }

  // Blocks until the texts are judged; from any thread. The texts are copied where the caller cannot wait. Errors:
  // kUnsupported: too many texts wait already (nothing was done; ask again); kInterrupted: it took too long, or the
  // server stops; what the classifier says. `work`: what the texts took of their run, by their share of its tokens.
  Result<std::vector<Verdict>> classify(const std::vector<std::string>& texts, Work* work = nullptr);

  [[nodiscard]] size_t waiting() const;

 private:
  struct Request;
  void begin_worker();  // needs the lock
  void work(Classifier& classifier);
  void run(Classifier& classifier, const std::vector<std::shared_ptr<Request>>& batch);

  std::unique_ptr<Classifier> classifier_;  // the first worker's
  BatchLimits limits_;
  std::function<void(size_t)> on_run_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable done_;
  std::deque<std::shared_ptr<Request>> queue_;
  size_t waiting_ = 0;  // texts in queue_
  size_t asking_ = 0;   // threads in classify()
  size_t idle_ = 0;     // workers that wait
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace coppice::serve
