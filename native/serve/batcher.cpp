#include "native/serve/batcher.h"

#include <chrono>
#include <optional>
#include <system_error>

namespace coppice::serve {
namespace {

// Time is nearly in proportion to tokens; a text without any is not free.
double tokens_of(std::span<const Verdict> verdicts) {
  double tokens = 0.0;
  for (const Verdict& verdict : verdicts) tokens += static_cast<double>(verdict.tokens) + 1.0;
  return tokens;
}

size_t bytes_of(const std::vector<std::string>& texts) {
  size_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size();
  return bytes;
}

}  // namespace

// Owned by the asking thread and the queue together: whoever gives up waiting leaves the texts to the run.
struct Batcher::Request {
  std::vector<std::string> texts;
  std::optional<Result<std::vector<Verdict>>> answer;
  Work work{};
  bool given_up = false;
};

Batcher::Batcher(std::unique_ptr<Classifier> classifier, const BatchLimits& limits, std::function<void(size_t)> on_run)
    : classifier_(std::move(classifier)), limits_(limits), on_run_(std::move(on_run)) {
  workers_.emplace_back([this] { work(*classifier_); });
}

Batcher::~Batcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& request : queue_) {
      request->answer = Result<std::vector<Verdict>>(interrupted("the server is stopping"));
    }
    queue_.clear();
    waiting_ = 0;
  }
  arrived_.notify_all();
  done_.notify_all();
  // None is begun any more.
  for (std::thread& worker : workers_) worker.join();
  // Those who asked still hold the lock and the conditions.
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return asking_ == 0; });
}

size_t Batcher::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

Result<std::vector<Verdict>> Batcher::classify(const std::vector<std::string>& texts, Work* work) {
  const auto request = std::make_shared<Request>();
  request->texts = texts;
  std::unique_lock lock(mutex_);
  if (stopping_) return interrupted("the server is stopping");
  ++asking_;
  const std::shared_ptr<void> leave(nullptr, [this](void*) {
    --asking_;
    if (stopping_) done_.notify_all();
  });
  // One request larger than the queue is taken where nothing waits: its size has been checked by the caller.
  if (waiting_ > 0 && waiting_ + texts.size() > limits_.texts_waiting) {
    return unsupported(std::to_string(waiting_) + " texts wait for " + info().id + " already; ask again in a moment");
  }
  waiting_ += texts.size();
  queue_.push_back(request);
  if (idle_ < queue_.size() && workers_.size() < limits_.workers) begin_worker();
  arrived_.notify_one();
  const bool in_time = done_.wait_for(lock, std::chrono::duration<double>(limits_.longest_seconds),
                                      [&] { return request->answer.has_value(); });
  if (in_time) {
    if (work != nullptr) *work = request->work;
    return *std::move(request->answer);
  }
  request->given_up = true;
  return interrupted(info().id + " had no answer within " + std::to_string(limits_.longest_seconds).substr(0, 4) +
                     " s; send fewer or shorter texts");
}

void Batcher::begin_worker() {
  try {
    workers_.emplace_back([this] {
      const Result<std::unique_ptr<Classifier>> own = classifier_->another();
      if (own) return work(**own);
      const std::lock_guard lock(mutex_);
      limits_.workers = 1;  // no more of them: the first one serves all
    });
  } catch (const std::system_error&) {
    limits_.workers = workers_.size();
  }
}

void Batcher::work(Classifier& classifier) {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    arrived_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (stopping_) return;
    std::vector<std::shared_ptr<Request>> batch;
    size_t texts = 0;
    size_t bytes = 0;
    const auto fits = [&](const Request& next) {
      return texts + next.texts.size() <= limits_.texts_a_run && bytes + bytes_of(next.texts) <= limits_.bytes_a_run;
    };
    while (!queue_.empty() && (texts == 0 || fits(*queue_.front()))) {
      const std::shared_ptr<Request> next = std::move(queue_.front());
      queue_.pop_front();
      waiting_ -= next->texts.size();
      if (next->given_up) continue;
      texts += next->texts.size();
      bytes += bytes_of(next->texts);
      batch.push_back(next);
    }
    if (batch.empty()) continue;
    lock.unlock();
    run(classifier, batch);
    batch.clear();
    lock.lock();
  }
}

void Batcher::run(Classifier& classifier, const std::vector<std::shared_ptr<Request>>& batch) {
  std::vector<std::string_view> texts;
  for (const auto& request : batch) texts.insert(texts.end(), request->texts.begin(), request->texts.end());
  const auto start = std::chrono::steady_clock::now();
  const energy::Seconds cpu_start = thread_cpu_time();
  Result<std::vector<Verdict>> verdicts = classifier.classify(texts);
  const Work whole{thread_cpu_time() - cpu_start,
                   energy::Seconds(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count())};
  if (verdicts.ok() && verdicts->size() != texts.size()) {
    verdicts = failed(info().id + ": gave another number of verdicts than texts");
  }
  if (on_run_) on_run_(texts.size());
  const double all = verdicts.ok() ? tokens_of(*verdicts) : 0.0;
  size_t at = 0;
  const std::lock_guard lock(mutex_);
  for (const auto& request : batch) {
    if (verdicts.ok()) {
      const auto first = verdicts->begin() + static_cast<ptrdiff_t>(at);
      std::vector<Verdict> mine(first, first + static_cast<ptrdiff_t>(request->texts.size()));
      const double share = tokens_of(mine) / all;
      request->work = {whole.cpu_time * share, whole.duration * share};
      request->answer = std::move(mine);
    } else {
      request->answer = Result<std::vector<Verdict>>(verdicts.status());
    }
    at += request->texts.size();
  }
  done_.notify_all();
}

}  // namespace coppice::serve
