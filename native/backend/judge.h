// A model that judges reviews: BERT by libtorch, BERT by the engine of the core, or a linear model. Evaluation and
// prediction are written once against it (evaluation.h), so that all three answer in the same words.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "native/backend/verdicts.h"
#include "native/data/review.h"
#include "shared/base/status.h"
#include "shared/records/manifest.h"
#include "shared/text/tokenizer.h"

namespace coppice::backend {

// Who watches a long judgement.
struct Watch {
  std::function<void(size_t done)> progress;       // reviews; one call at a time, from any thread
  const std::atomic<bool>* interrupted = nullptr;  // set by Ctrl-C and SIGTERM
};

struct Judged {
  std::vector<Logits> logits;  // in the order of the reviews
  int64_t tokens = 0;          // words for a linear model
  int64_t truncated = 0;       // reviews longer than the longest input
};

class Judge {
 public:
  virtual ~Judge() = default;

  [[nodiscard]] virtual const records::Manifest& manifest() const = 0;
  [[nodiscard]] virtual const std::string& weights_sha256() const = 0;  // of the file the weights came from
  [[nodiscard]] virtual const char* engine() const = 0;                 // "libtorch" or "core"
  // As records state it; empty for a linear model, which has but one.
  [[nodiscard]] virtual std::string arithmetic() const = 0;
  // None for a linear model. Lives as long as this.
  [[nodiscard]] virtual const text::Tokenizer* tokenizer() const = 0;

  // All of them, or an error; kInterrupted (stopped_after) where `watch` says so.
  virtual Result<Judged> judge(const std::vector<data::Review>& reviews, const Watch& watch) = 0;
  virtual Result<Verdict> judge_one(const std::string& text) = 0;
};

// Opens the model folder at `path`, of either architecture.
using OpenJudge = std::function<Result<std::unique_ptr<Judge>>(const std::string& path)>;

Status stopped_after(size_t done, size_t count);

}  // namespace coppice::backend
