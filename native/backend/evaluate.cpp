// coppice evaluate: metrics with intervals of a model on labelled reviews.
#include <filesystem>
#include <iostream>
#include <optional>

#include "native/backend/against.h"
#include "native/backend/classifier_folder.h"
#include "native/backend/commands.h"
#include "native/backend/data_share.h"
#include "native/backend/energy_meter.h"
#include "native/backend/progress.h"
#include "native/backend/tokenization.h"
#include "native/backend/verdicts.h"
#include "native/export/model_folder.h"
#include "native/linear/linear_folder.h"
#include "native/model/inference.h"

namespace coppice::backend {
namespace {

namespace fs = std::filesystem;

// Tokens computed at once: large enough that matrix products dominate, small enough for the caches.
constexpr int64_t kBatchTokens = 2048;

Result<std::vector<Logits>> judge_all(ClassifierFolder& folder, const model::TokenizedReviews& reviews,
                                      model::WorkerPool& pool, const std::string& what, const Invocation& invocation,
                                      EnergyMeter& meter) {
  Progress progress(what);
  std::vector<Logits> logits = model::predict(
      folder.model, reviews, kBatchTokens, pool,
      [&](size_t done) {
        progress.update(static_cast<double>(done), static_cast<double>(reviews.size()),
                        std::to_string(done) + " reviews" + meter.energy_so_far_text());
      },
      invocation.interrupted);
  if (logits.size() < reviews.size()) {
    return interrupted("stopped after " + std::to_string(logits.size()) + " of " + std::to_string(reviews.size()) +
                       " reviews");
  }
  return logits;
}

// The other model's logits, and what the answer says about it.
struct Other {
  std::vector<Logits> logits;
  OrderedJson description;
  std::optional<OrderedJson> tokenization;  // where its vocabulary is another
};

Result<Other> ask_other(const fs::path& path, const DataSelection& selection, const text::Tokenizer& tokenizer,
                        model::WorkerPool& pool, const Invocation& invocation, EnergyMeter& meter) {
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
  COPPICE_ASSIGN_OR_RETURN(ClassifierFolder folder, open_classifier(path, Arithmetic::kAsExported));
  other.description["weights_sha256"] = folder.weights_sha256;
  other.description["arithmetic"] = folder.arithmetic;
  const model::TokenizedReviews reviews = model::tokenize(folder.tokenizer, selection.reviews, folder.encoding);
  if (!same_vocabulary(folder.tokenizer, tokenizer)) {
    other.tokenization = compare_tokenization(selection.reviews, tokenizer, folder.tokenizer);
  }
  COPPICE_ASSIGN_OR_RETURN(other.logits, judge_all(folder, reviews, pool, "against", invocation, meter));
  return other;
}

Result<OrderedJson> evaluate(const cli::EvaluateOptions& options, const Invocation& invocation,
                             ClassifierFolder& folder, RunRecorder& recorder, EnergyMeter& meter) {
  COPPICE_ASSIGN_OR_RETURN(const data::Split split, data::parse_split(options.split));
  COPPICE_ASSIGN_OR_RETURN(const DataSelection selection,
                           select_reviews(options.data, split, static_cast<size_t>(options.limit)));
  const model::TokenizedReviews reviews = model::tokenize(folder.tokenizer, selection.reviews, folder.encoding);
  recorder.record().inputs["test_set"] = to_json(selection);
  recorder.record().inputs["weights_sha256"] = folder.weights_sha256;
  recorder.record().settings["max_length"] = folder.manifest.max_length;
  recorder.record().settings["truncation"] = folder.manifest.truncation;
  recorder.record().settings["arithmetic"] = folder.arithmetic;
  recorder.record().settings["engine"] = "libtorch";

  meter.begin_phase("evaluate");
  model::WorkerPool pool(options.threads);
  COPPICE_ASSIGN_OR_RETURN(const std::vector<Logits> logits,
                           judge_all(folder, reviews, pool, "evaluate", invocation, meter));
  std::optional<Other> other;
  if (!options.against.empty()) {
    meter.begin_phase("against");
    COPPICE_ASSIGN_OR_RETURN(other, ask_other(options.against, selection, folder.tokenizer, pool, invocation, meter));
  }
  meter.begin_phase("metrics");
  COPPICE_ASSIGN_OR_RETURN(OrderedJson metrics, metrics_of(selection, logits));
  if (!options.predictions.empty())
    COPPICE_RETURN_IF_ERROR(
        write_predictions(options.predictions, selection, logits, folder.manifest.id, folder.weights_sha256));
  metrics["tokens"] = reviews.tokens();
  metrics["truncated"] = reviews.truncated;
  metrics["arithmetic"] = folder.arithmetic;
  metrics["engine"] = "libtorch";
  if (other) {
    COPPICE_ASSIGN_OR_RETURN(const OrderedJson comparison, compare_logits(selection, logits, other->logits));
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
  COPPICE_ASSIGN_OR_RETURN(ClassifierFolder folder, open_classifier(options.model, Arithmetic::kAsExported));
  const Result<OrderedJson> metrics = evaluate(options, invocation, folder, recorder, meter);
  recorder.record().energy = meter.finish();
  if (!metrics) return options.record ? keep_failed_run(options.model, recorder, metrics.status()) : metrics.status();
  if (options.record) {
    COPPICE_RETURN_IF_ERROR(write_run_record(options.model, recorder.finish({})));
    COPPICE_RETURN_IF_ERROR(refresh_manifest(options.model));
  }
  if (options.json) {
    std::cout << dump_json(*metrics) << '\n';
  } else {
    std::cout << dump_json(*metrics, 2) << '\n';
  }
  return {};
}

}  // namespace coppice::backend
