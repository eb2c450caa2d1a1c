// coppice evaluate: metrics with intervals of a model on labelled reviews.
#include <filesystem>
#include <iostream>

#include "native/backend/classifier_folder.h"
#include "native/backend/commands.h"
#include "native/backend/data_share.h"
#include "native/backend/energy_meter.h"
#include "native/backend/progress.h"
#include "native/export/model_folder.h"
#include "native/io/file.h"
#include "native/model/inference.h"
#include "shared/metrics/binary.h"

namespace coppice::backend {
namespace {

namespace fs = std::filesystem;

// Tokens computed at once: large enough that matrix products dominate, small enough for the caches.
constexpr int64_t kBatchTokens = 2048;

Status write_predictions(const std::string& path, const DataSelection& selection,
                         const std::vector<model::Logits>& logits) {
  return write_file_atomically(path, [&](const ByteSink& write) -> Status {
    std::string lines;
    for (size_t i = 0; i < logits.size(); ++i) {
      const bool positive = logits[i][1] > logits[i][0];
      const OrderedJson line = {{"id", selection.reviews[i].id},
                                {"label", selection.reviews[i].label},
                                {"prediction", positive ? 1 : 0},
                                {"score", model::positive_score(logits[i])},
                                {"logits", {logits[i][0], logits[i][1]}}};
      lines += dump_json(line) + "\n";
      if (lines.size() > (1U << 20)) {
        COPPICE_RETURN_IF_ERROR(write(lines));
        lines.clear();
      }
    }
    return write(lines);
  });
}

Result<OrderedJson> metrics_of(const DataSelection& selection, const std::vector<model::Logits>& logits) {
  std::vector<int> labels;
  std::vector<int> predictions;
  std::vector<double> scores;
  for (size_t i = 0; i < logits.size(); ++i) {
    labels.push_back(selection.reviews[i].label);
    scores.push_back(model::positive_score(logits[i]));
    predictions.push_back(logits[i][1] > logits[i][0] ? 1 : 0);
  }
  COPPICE_ASSIGN_OR_RETURN(const metrics::BinaryMetrics values, metrics::evaluate_binary(labels, scores, predictions));
  COPPICE_ASSIGN_OR_RETURN(const metrics::BinaryIntervals intervals,
                           metrics::binary_intervals(labels, scores, predictions));
  return metrics::to_json(values, &intervals);
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
  if (!options.predictions.empty()) COPPICE_RETURN_IF_ERROR(write_predictions(options.predictions, selection, logits));
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
