#include "native/model/inference.h"

#include <torch/torch.h>

#include <cmath>
#include <numeric>

namespace coppice::model {

double positive_score(const Logits& logits) {
  return 1.0 / (1.0 + std::exp(static_cast<double>(logits[0]) - static_cast<double>(logits[1])));
}

std::vector<Logits> predict(BertClassifier& model, const TokenizedReviews& reviews, int64_t max_batch_tokens,
                            const std::function<void(size_t done)>& on_progress, const std::atomic<bool>* stop) {
  const at::NoGradGuard no_grad;
  std::vector<uint32_t> order(reviews.size());
  std::iota(order.begin(), order.end(), 0U);
  std::vector<Logits> logits;
  logits.reserve(reviews.size());
  for (const auto& indices : micro_batches(reviews, order, max_batch_tokens)) {
    if (stop != nullptr && stop->load()) break;
    const at::Tensor out = model.forward(pack_reviews(reviews, indices)).contiguous();
    const float* row = out.data_ptr<float>();
    for (size_t i = 0; i < indices.size(); ++i) logits.push_back({row[2 * i], row[2 * i + 1]});
    if (on_progress) on_progress(logits.size());
  }
  return logits;
}

}  // namespace coppice::model
