// coppice evaluate: metrics with intervals of a model on labelled reviews.
#include <filesystem>
#include <iostream>

#include "native/backend/classifier_folder.h"
#include "native/backend/commands.h"
#include "native/backend/data_share.h"
#include "native/backend/energy_meter.h"
#include "native/backend/progress.h"
#include "native/backend/verdicts.h"
#include "native/export/model_folder.h"
#include "native/model/inference.h"

namespace coppice::backend {
namespace {

namespace fs = std::filesystem;

// Tokens computed at once: large enough that matrix products dominate, small enough for the caches.
constexpr int64_t kBatchTokens = 2048;

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

  meter.begin_phase("evaluate");
  Progress progress("evaluate");
  model::WorkerPool pool(options.threads);
  const std::vector<model::Logits> logits = model::predict(
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
  meter.begin_phase("metrics");
  COPPICE_ASSIGN_OR_RETURN(OrderedJson metrics, metrics_of(selection, logits));
  if (!options.predictions.empty())
    COPPICE_RETURN_IF_ERROR(
        write_predictions(options.predictions, selection, logits, folder.manifest.id, folder.weights_sha256));
  metrics["tokens"] = reviews.tokens();
  metrics["truncated"] = reviews.truncated;
  recorder.record().results = Json(metrics);
  return metrics;
}

}  // namespace

Status run_evaluate(const cli::EvaluateOptions& options, const Invocation& invocation) {
  RunRecorder recorder("evaluate", invocation.arguments);
  COPPICE_ASSIGN_OR_RETURN(EnergyMeter meter, EnergyMeter::start(options.energy));
  meter.begin_phase("load");
  COPPICE_ASSIGN_OR_RETURN(ClassifierFolder folder, open_classifier(options.model));
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
