// Logits of many reviews.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <vector>

#include "native/model/bert.h"
#include "native/model/tokenized_reviews.h"
#include "native/model/worker_pool.h"

namespace coppice::model {

using Logits = std::array<float, 2>;  // negative, positive

// Probability of class 1.
double positive_score(const Logits& logits);

// In the order of `reviews`; `on_progress(done)` now and then, on the caller's thread. Returns what is done, from the
// beginning, when `stop` is set.
std::vector<Logits> predict(BertClassifier& model, const TokenizedReviews& reviews, int64_t max_batch_tokens,
                            WorkerPool& pool, const std::function<void(size_t done)>& on_progress = {},
                            const std::atomic<bool>* stop = nullptr);

}  // namespace coppice::model
