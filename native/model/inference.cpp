#include "native/model/inference.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

namespace coppice::model {

double positive_score(const Logits& logits) {
  return 1.0 / (1.0 + std::exp(static_cast<double>(logits[0]) - static_cast<double>(logits[1])));
}

std::vector<Logits> predict(BertClassifier& model, const TokenizedReviews& reviews, int64_t max_batch_tokens,
                            WorkerPool& pool, const std::function<void(size_t done)>& on_progress,
                            const std::atomic<bool>* stop) {
  const std::vector<std::vector<uint32_t>> batches = consecutive_batches(reviews, max_batch_tokens);
  std::vector<Logits> logits(reviews.size());
  // In waves, so that progress and interruption are looked at between them.
  const size_t wave = static_cast<size_t>(pool.threads()) * 4;
  for (size_t begin = 0; begin < batches.size(); begin += wave) {
    if (stop != nullptr && stop->load()) {
      logits.resize(batches[begin].front());
      return logits;
    }
    const size_t end = std::min(begin + wave, batches.size());
    pool.run(end - begin, [&](size_t i) {
      const at::NoGradGuard no_grad;
      const std::vector<uint32_t>& indices = batches[begin + i];
      const at::Tensor out = model.forward(pack_reviews(reviews, indices)).contiguous();
      const float* row = out.data_ptr<float>();
      for (size_t k = 0; k < indices.size(); ++k) logits[indices[k]] = {row[2 * k], row[2 * k + 1]};
    });
    if (on_progress) on_progress(batches[end - 1].back() + 1);
  }
  return logits;
}

}  // namespace coppice::model
