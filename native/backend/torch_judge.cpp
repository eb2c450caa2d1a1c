// coppice evaluate and coppice predict by libtorch.
#include "native/backend/classifier_folder.h"
#include "native/backend/commands.h"
#include "native/backend/evaluation.h"
#include "native/export/model_folder.h"
#include "native/linear/linear_judge.h"
#include "native/model/inference.h"

namespace coppice::backend {
namespace {

// Tokens computed at once: large enough that matrix products dominate, small enough for the caches.
constexpr int64_t kBatchTokens = 2048;

class TorchJudge : public Judge {
 public:
  TorchJudge(ClassifierFolder folder, int threads) : folder_(std::move(folder)), pool_(threads) {}

  [[nodiscard]] const records::Manifest& manifest() const override { return folder_.manifest; }
  [[nodiscard]] const std::string& weights_sha256() const override { return folder_.weights_sha256; }
  [[nodiscard]] const char* engine() const override { return "libtorch"; }
  [[nodiscard]] std::string arithmetic() const override { return folder_.arithmetic; }
  [[nodiscard]] const text::Tokenizer* tokenizer() const override { return &folder_.tokenizer; }

  Result<Judged> judge(const std::vector<data::Review>& reviews, const Watch& watch) override {
    const model::TokenizedReviews tokenized = model::tokenize(folder_.tokenizer, reviews, folder_.encoding);
    std::vector<Logits> logits =
        model::predict(folder_.model, tokenized, kBatchTokens, pool_, watch.progress, watch.interrupted);
    if (logits.size() < reviews.size()) return stopped_after(logits.size(), reviews.size());
    return Judged{std::move(logits), tokenized.tokens(), tokenized.truncated};
  }

  Result<Verdict> judge_one(const std::string& text) override {
    const text::Encoding encoding = folder_.tokenizer.encode(text, folder_.encoding);
    model::TokenizedReviews one;
    one.ids = encoding.input_ids;
    one.offsets = {0, one.ids.size()};
    one.labels = {0};
    const std::vector<Logits> logits = model::predict(folder_.model, one, one.tokens(), pool_);
    return Verdict{logits[0], one.tokens(), encoding.truncated};
  }

 private:
  ClassifierFolder folder_;
  model::WorkerPool pool_;
};

OpenJudge opener(int threads) {
  return [threads](const std::string& path) -> Result<std::unique_ptr<Judge>> {
    COPPICE_ASSIGN_OR_RETURN(const records::Manifest manifest, read_model_folder(path, Verify::kNothing));
    if (manifest.architecture == records::Architecture::kLinear) return linear::open_linear_judge(path, threads);
    COPPICE_ASSIGN_OR_RETURN(ClassifierFolder folder, open_classifier(path, Arithmetic::kAsExported));
    return std::unique_ptr<Judge>(std::make_unique<TorchJudge>(std::move(folder), threads));
  };
}

}  // namespace

Status run_evaluate(const cli::EvaluateOptions& options, const Invocation& invocation) {
  return evaluate_with(opener(options.threads), options, invocation);
}

Status run_predict(const cli::PredictOptions& options, const Invocation& invocation) {
  return predict_with(opener(options.threads > 0 ? options.threads : 1), options, invocation);  // one text at a time
}

}  // namespace coppice::backend
