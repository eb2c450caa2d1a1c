// coppice evaluate and coppice predict by the engine of the core: the same words in and out as by libtorch.
#include <algorithm>
#include <atomic>
#include <iostream>
#include <mutex>
#include <optional>
#include <span>

#include "native/backend/against.h"
#include "native/backend/data_share.h"
#include "native/backend/energy_meter.h"
#include "native/backend/progress.h"
#include "native/backend/texts.h"
#include "native/backend/tokenization.h"
#include "native/backend/verdicts.h"
#include "native/export/model_folder.h"
#include "native/infer/commands.h"
#include "native/infer/core_folder.h"
#include "native/infer/thread_pool.h"
#include "native/linear/linear_folder.h"

namespace coppice::infer {
namespace {

using backend::DataSelection;
using backend::EnergyMeter;
using backend::Invocation;
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

// Each thread takes batches until there are none, so that none waits for a slower one.
Result<std::vector<Logits>> judge_all(const CoreFolder& folder, const Tokenized& reviews, ThreadPool& pool,
                                      const std::string& what, const Invocation& invocation, EnergyMeter& meter) {
  engine::SessionOptions options;
  options.most_tokens = std::max(kBatchTokens, static_cast<size_t>(folder.manifest.max_length));
  options.most_reviews = kBatchReviews;
  std::vector<engine::Session> sessions;
  for (size_t i = 0; i < pool.count(); ++i) {
    COPPICE_ASSIGN_OR_RETURN(engine::Session session, engine::Session::create(*folder.classifier, options));
    sessions.push_back(std::move(session));
  }
  const std::vector<std::pair<size_t, size_t>> batches = batches_of(reviews, options.most_tokens);
  std::vector<Logits> logits(reviews.size());
  std::atomic<size_t> next{0};
  std::mutex mutex;  // of the three below
  backend::Progress progress(what);
  size_t done = 0;
  Status failure;
  const auto stop = [&] { return invocation.interrupted->load() || next.load() >= batches.size(); };
  pool.run(sessions.size(), [&](size_t thread) {
    std::vector<std::span<const int32_t>> views;
    while (!stop()) {
      const size_t batch = next.fetch_add(1);
      if (batch >= batches.size()) return;
      const auto [begin, end] = batches[batch];
      views.clear();
      for (size_t i = begin; i < end; ++i) views.push_back(reviews.review(i));
      const Status status = sessions[thread].classify(views, std::span(logits).subspan(begin, views.size()));
      const std::lock_guard lock(mutex);
      if (!status.ok()) {
        failure = status;
        next.store(batches.size());
        return;
      }
      done += views.size();
      progress.update(static_cast<double>(done), static_cast<double>(reviews.size()),
                      std::to_string(done) + " reviews" + meter.energy_so_far_text());
    }
  });
  COPPICE_RETURN_IF_ERROR(failure);
  if (done < reviews.size()) {
    return interrupted("stopped after " + std::to_string(done) + " of " + std::to_string(reviews.size()) + " reviews");
  }
  return logits;
}

// The other model's logits, and what the answer says about it.
struct Other {
  std::vector<Logits> logits;
  OrderedJson description;
  std::optional<OrderedJson> tokenization;  // where its vocabulary is another
};

Result<Other> ask_other(const std::string& path, const DataSelection& selection, const text::Tokenizer& tokenizer,
                        ThreadPool& pool, const Invocation& invocation, EnergyMeter& meter) {
  COPPICE_ASSIGN_OR_RETURN(const records::Manifest manifest, read_model_folder(path, Verify::kNothing));
  Other other;
  other.description["model"] = manifest.id;
  if (manifest.architecture == records::Architecture::kLinear) {
    COPPICE_ASSIGN_OR_RETURN(const linear::LinearFolder folder, linear::open_linear(path));
    other.description["weights_sha256"] = folder.weights_sha256;
    for (const data::Review& review : selection.reviews) {
      other.logits.push_back(folder.model.judge(review.text).logits);
    }
    return other;
  }
  COPPICE_ASSIGN_OR_RETURN(const CoreFolder folder, open_core(path));
  other.description["weights_sha256"] = folder.weights_sha256;
  other.description["arithmetic"] = folder.classifier->arithmetic();
  if (!backend::same_vocabulary(folder.tokenizer, tokenizer)) {
    other.tokenization = backend::compare_tokenization(selection.reviews, tokenizer, folder.tokenizer);
  }
  const Tokenized reviews = tokenize(folder, selection.reviews);
  COPPICE_ASSIGN_OR_RETURN(other.logits, judge_all(folder, reviews, pool, "against", invocation, meter));
  return other;
}

Result<OrderedJson> evaluate(const cli::EvaluateOptions& options, const Invocation& invocation,
                             const CoreFolder& folder, RunRecorder& recorder, EnergyMeter& meter) {
  COPPICE_ASSIGN_OR_RETURN(const data::Split split, data::parse_split(options.split));
  COPPICE_ASSIGN_OR_RETURN(const DataSelection selection,
                           backend::select_reviews(options.data, split, static_cast<size_t>(options.limit)));
  const Tokenized reviews = tokenize(folder, selection.reviews);
  recorder.record().inputs["test_set"] = to_json(selection);
  recorder.record().inputs["weights_sha256"] = folder.weights_sha256;
  recorder.record().settings["max_length"] = folder.manifest.max_length;
  recorder.record().settings["truncation"] = folder.manifest.truncation;
  recorder.record().settings["arithmetic"] = folder.classifier->arithmetic();
  recorder.record().settings["engine"] = "core";

  meter.begin_phase("evaluate");
  ThreadPool pool(options.threads);
  COPPICE_ASSIGN_OR_RETURN(const std::vector<Logits> logits,
                           judge_all(folder, reviews, pool, "evaluate", invocation, meter));
  std::optional<Other> other;
  if (!options.against.empty()) {
    meter.begin_phase("against");
    COPPICE_ASSIGN_OR_RETURN(other, ask_other(options.against, selection, folder.tokenizer, pool, invocation, meter));
  }
  meter.begin_phase("metrics");
  COPPICE_ASSIGN_OR_RETURN(OrderedJson metrics, backend::metrics_of(selection, logits));
  if (!options.predictions.empty()) {
    COPPICE_RETURN_IF_ERROR(
        backend::write_predictions(options.predictions, selection, logits, folder.manifest.id, folder.weights_sha256));
  }
  metrics["tokens"] = reviews.ids.size();
  metrics["truncated"] = reviews.truncated;
  metrics["arithmetic"] = folder.classifier->arithmetic();
  metrics["engine"] = "core";
  if (other) {
    COPPICE_ASSIGN_OR_RETURN(const OrderedJson comparison, backend::compare_logits(selection, logits, other->logits));
    metrics["against"] = std::move(other->description);
    metrics["against"].update(comparison);
    if (other->tokenization) metrics["against"]["tokenization"] = *other->tokenization;
  }
  recorder.record().results = Json(metrics);
  return metrics;
}

}  // namespace

Status run_evaluate(const cli::EvaluateOptions& options, const Invocation& invocation) {
  RunRecorder recorder("evaluate", invocation.arguments);
  COPPICE_ASSIGN_OR_RETURN(EnergyMeter meter, EnergyMeter::start(options.energy));
  meter.begin_phase("load");
  COPPICE_ASSIGN_OR_RETURN(const CoreFolder folder, open_core(options.model));
  const Result<OrderedJson> metrics = evaluate(options, invocation, folder, recorder, meter);
  recorder.record().energy = meter.finish();
  if (!metrics) return options.record ? keep_failed_run(options.model, recorder, metrics.status()) : metrics.status();
  if (options.record) {
    COPPICE_RETURN_IF_ERROR(write_run_record(options.model, recorder.finish({})));
    COPPICE_RETURN_IF_ERROR(refresh_manifest(options.model));
  }
  std::cout << dump_json(*metrics, options.json ? -1 : 2) << '\n';
  return {};
}

Status run_predict(const cli::PredictOptions& options, const Invocation& invocation) {
  if (options.texts.empty() && options.file.empty()) {
    return invalid_usage("nothing to judge: give a TEXT, or --file lines.jsonl (- for standard input)");
  }
  COPPICE_ASSIGN_OR_RETURN(const CoreFolder folder, open_core(options.model));
  ThreadPool pool(options.threads > 0 ? options.threads : 1);  // one text at a time
  COPPICE_ASSIGN_OR_RETURN(engine::Session session, single_session(folder, &pool));
  const auto answer = [&](const std::string& text) -> Status {
    if (invocation.interrupted->load()) return interrupted("stopped");
    const text::Encoding encoding = folder.tokenizer.encode(text, folder.encoding);
    const std::span<const int32_t> review(encoding.input_ids);
    backend::Verdict verdict;
    verdict.tokens = static_cast<int64_t>(review.size());
    verdict.truncated = encoding.truncated;
    COPPICE_RETURN_IF_ERROR(session.classify({&review, 1}, {&verdict.logits, 1}));
    backend::print_verdict(backend::to_json(folder.manifest, verdict, "core"), options.json);
    return {};
  };
  for (const std::string& text : options.texts) COPPICE_RETURN_IF_ERROR(answer(text));
  if (!options.file.empty()) return backend::for_each_json_text(options.file, answer);
  return {};
}

}  // namespace coppice::infer
