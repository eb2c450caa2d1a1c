// A Classifier that judges only when the test lets it, and says what it was asked.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "native/serve/classifier.h"

namespace coppice::serve {

// Shared by the test and the classifier, which the server owns.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = true;
  size_t entered = 0;  // runs that have begun
  std::vector<size_t> run_sizes;
  std::optional<Status> failure;

  void close() {
    const std::lock_guard lock(mutex);
    open = false;
  }
  void let_through() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
  // Until so many runs have begun.
  void wait_for_run(size_t count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return entered >= count; });
  }
};

// Positive by as much as the text is long, so that answers can be told apart.
class GatedClassifier : public Classifier {
 public:
  explicit GatedClassifier(std::shared_ptr<Gate> gate, std::string id = "gated") : gate_(std::move(gate)) {
    info_ = {std::move(id), "test", {"negative", "positive"}, 7};
  }
  [[nodiscard]] const ModelInfo& info() const override { return info_; }
  [[nodiscard]] Result<std::unique_ptr<Classifier>> another() const override {
    return std::unique_ptr<Classifier>(std::make_unique<GatedClassifier>(gate_, info_.id));
  }
  Result<std::vector<Verdict>> classify(std::span<const std::string_view> texts) override {
    std::unique_lock lock(gate_->mutex);
    ++gate_->entered;
    gate_->run_sizes.push_back(texts.size());
    gate_->changed.notify_all();
    gate_->changed.wait(lock, [&] { return gate_->open; });
    if (gate_->failure) return *gate_->failure;
    std::vector<Verdict> verdicts;
    for (const std::string_view text : texts) {
      verdicts.push_back({{0.0F, static_cast<float>(text.size())}, static_cast<int64_t>(text.size()), false});
    }
    return verdicts;
  }

 private:
  ModelInfo info_;
  std::shared_ptr<Gate> gate_;
};

}  // namespace coppice::serve
