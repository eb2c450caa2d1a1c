// coppice evaluate and coppice predict by the engine of the core.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <span>

#include "native/backend/evaluation.h"
#include "native/export/model_folder.h"
#include "native/infer/commands.h"
#include "native/infer/core_folder.h"
#include "native/infer/thread_pool.h"
#include "native/linear/linear_judge.h"

namespace coppice::infer {
namespace {

using backend::Judged;
using backend::Logits;

// Reviews and tokens computed together: the one row a review of the last layer then fills a vector.
constexpr size_t kBatchReviews = 16;
constexpr size_t kBatchTokens = 2048;

struct Tokenized {
  std::vector<int32_t> ids;
  std::vector<size_t> offsets = {0};
  int64_t truncated = 0;

  [[nodiscard]] size_t size() const { return offsets.size() - 1; }
  [[nodiscard]] std::span<const int32_t> review(size_t i) const {
    return std::span(ids).subspan(offsets[i], offsets[i + 1] - offsets[i]);
  }
};

Tokenized tokenize(const CoreFolder& folder, const std::vector<data::Review>& reviews) {
  Tokenized out;
  text::Encoding encoding;
  for (const data::Review& review : reviews) {
    folder.tokenizer.encode_into(review.text, folder.encoding, encoding);
    out.ids.insert(out.ids.end(), encoding.input_ids.begin(), encoding.input_ids.end());
    out.offsets.push_back(out.ids.size());
    out.truncated += encoding.truncated ? 1 : 0;
  }
  return out;
}

// Consecutive reviews of one batch: [begin, end).
std::vector<std::pair<size_t, size_t>> batches_of(const Tokenized& reviews, size_t most_tokens) {
  std::vector<std::pair<size_t, size_t>> batches;
  for (size_t begin = 0; begin < reviews.size();) {
    size_t end = begin + 1;
    while (end < reviews.size() && end - begin < kBatchReviews &&
           reviews.offsets[end + 1] - reviews.offsets[begin] <= most_tokens) {
      ++end;
    }
    batches.emplace_back(begin, end);
    begin = end;
  }
  return batches;
}

class CoreJudge : public backend::Judge {
 public:
  CoreJudge(CoreFolder folder, int threads) : folder_(std::move(folder)), pool_(threads) {}

  [[nodiscard]] const records::Manifest& manifest() const override { return folder_.manifest; }
  [[nodiscard]] const std::string& weights_sha256() const override { return folder_.weights_sha256; }
  [[nodiscard]] const char* engine() const override { return "core"; }
  [[nodiscard]] std::string arithmetic() const override { return folder_.classifier->arithmetic(); }
  [[nodiscard]] const text::Tokenizer* tokenizer() const override { return &folder_.tokenizer; }

  // Each thread takes batches until there are none, so that none waits for a slower one.
  Result<Judged> judge(const std::vector<data::Review>& reviews, const backend::Watch& watch) override {
    const Tokenized tokenized = tokenize(folder_, reviews);
    engine::SessionOptions options;
    options.most_tokens = std::max(kBatchTokens, static_cast<size_t>(folder_.manifest.max_length));
    options.most_reviews = kBatchReviews;
    std::vector<engine::Session> sessions;
    for (size_t i = 0; i < pool_.count(); ++i) {
      COPPICE_ASSIGN_OR_RETURN(engine::Session session, engine::Session::create(*folder_.classifier, options));
      sessions.push_back(std::move(session));
    }
    const std::vector<std::pair<size_t, size_t>> batches = batches_of(tokenized, options.most_tokens);
    Judged judged{std::vector<Logits>(tokenized.size()), static_cast<int64_t>(tokenized.ids.size()),
                  tokenized.truncated};
    std::atomic<size_t> next{0};
    std::mutex mutex;  // of the three below
    size_t done = 0;
    Status failure;
    const auto stop = [&] { return watch.interrupted->load() || next.load() >= batches.size(); };
    pool_.run(sessions.size(), [&](size_t thread) {
      std::vector<std::span<const int32_t>> views;
      while (!stop()) {
        const size_t batch = next.fetch_add(1);
        if (batch >= batches.size()) return;
        const auto [begin, end] = batches[batch];
        views.clear();
        for (size_t i = begin; i < end; ++i) views.push_back(tokenized.review(i));
        const Status status = sessions[thread].classify(views, std::span(judged.logits).subspan(begin, views.size()));
        const std::lock_guard lock(mutex);
        if (!status.ok()) {
          failure = status;
          next.store(batches.size());
          return;
        }
        done += views.size();
        watch.progress(done);
      }
    });
    COPPICE_RETURN_IF_ERROR(failure);
    if (done < reviews.size()) return backend::stopped_after(done, reviews.size());
    return judged;
  }

  Result<backend::Verdict> judge_one(const std::string& text) override {
    if (!single_) {
      COPPICE_ASSIGN_OR_RETURN(single_, single_session(folder_, &pool_));
    }
    const text::Encoding encoding = folder_.tokenizer.encode(text, folder_.encoding);
    const std::span<const int32_t> review(encoding.input_ids);
    backend::Verdict verdict;
    verdict.tokens = static_cast<int64_t>(review.size());
    verdict.truncated = encoding.truncated;
    COPPICE_RETURN_IF_ERROR(single_->classify({&review, 1}, {&verdict.logits, 1}));
    return verdict;
  }

 private:
  CoreFolder folder_;
  ThreadPool pool_;
  std::optional<engine::Session> single_;  // of judge_one
};

backend::OpenJudge opener(int threads) {
  return [threads](const std::string& path) -> Result<std::unique_ptr<backend::Judge>> {
    COPPICE_ASSIGN_OR_RETURN(const records::Manifest manifest, read_model_folder(path, Verify::kNothing));
    if (manifest.architecture == records::Architecture::kLinear) return linear::open_linear_judge(path, threads);
    COPPICE_ASSIGN_OR_RETURN(CoreFolder folder, open_core(path));
    return std::unique_ptr<backend::Judge>(std::make_unique<CoreJudge>(std::move(folder), threads));
  };
}

}  // namespace

Status run_evaluate(const cli::EvaluateOptions& options, const backend::Invocation& invocation) {
  return backend::evaluate_with(opener(options.threads), options, invocation);
}

Status run_predict(const cli::PredictOptions& options, const backend::Invocation& invocation) {
  return backend::predict_with(opener(options.threads > 0 ? options.threads : 1), options, invocation);
}

}  // namespace coppice::infer
