// coppice evaluate and coppice predict for a linear model: the same words in and out as for BERT.
#include <iostream>

#include "native/backend/data_share.h"
#include "native/backend/energy_meter.h"
#include "native/backend/progress.h"
#include "native/backend/texts.h"
#include "native/backend/verdicts.h"
#include "native/export/model_folder.h"
#include "native/linear/commands.h"
#include "native/linear/linear_folder.h"
#include "native/linear/parallel.h"

namespace coppice::linear {
namespace {

// Reviews between two looks at the clock and at Ctrl-C.
constexpr size_t kBatch = 2000;

Result<OrderedJson> evaluate(const cli::EvaluateOptions& options, const backend::Invocation& invocation,
                             const LinearFolder& folder, RunRecorder& recorder, backend::EnergyMeter& meter) {
  COPPICE_ASSIGN_OR_RETURN(const data::Split split, data::parse_split(options.split));
  COPPICE_ASSIGN_OR_RETURN(const backend::DataSelection selection,
                           backend::select_reviews(options.data, split, static_cast<size_t>(options.limit)));
  recorder.record().inputs["test_set"] = to_json(selection);
  recorder.record().inputs["weights_sha256"] = folder.weights_sha256;
  recorder.record().settings["engine"] = "core";

  meter.begin_phase("evaluate");
  backend::Progress progress("evaluate");
  const size_t count = selection.reviews.size();
  std::vector<backend::Logits> logits(count);
  std::vector<int64_t> words(count);
  for (size_t start = 0; start < count; start += kBatch) {
    const size_t size = std::min(kBatch, count - start);
    in_parallel(options.threads, size, [&](size_t begin, size_t end) {
      for (size_t i = start + begin; i < start + end; ++i) {
        const Judgement judgement = folder.model.judge(selection.reviews[i].text);
        logits[i] = judgement.logits;
        words[i] = judgement.words;
      }
    });
    if (invocation.interrupted->load()) {
      return interrupted("stopped after " + std::to_string(start + size) + " of " + std::to_string(count) + " reviews");
    }
    progress.update(static_cast<double>(start + size), static_cast<double>(count),
                    std::to_string(start + size) + " reviews" + meter.energy_so_far_text());
  }
  meter.begin_phase("metrics");
  COPPICE_ASSIGN_OR_RETURN(OrderedJson metrics, backend::metrics_of(selection, logits));
  if (!options.predictions.empty()) {
    COPPICE_RETURN_IF_ERROR(
        backend::write_predictions(options.predictions, selection, logits, folder.manifest.id, folder.weights_sha256));
  }
  int64_t total = 0;
  for (const int64_t of_one : words) total += of_one;
  metrics["tokens"] = total;
  metrics["truncated"] = 0;
  metrics["engine"] = "core";
  recorder.record().results = Json(metrics);
  return metrics;
}

}  // namespace

Status run_evaluate(const cli::EvaluateOptions& options, const backend::Invocation& invocation) {
  if (!options.against.empty()) {
    return invalid_usage("--against: " + options.model +
                         " is a linear model; give it as --against and the BERT-type model as --model");
  }
  RunRecorder recorder("evaluate", invocation.arguments);
  COPPICE_ASSIGN_OR_RETURN(backend::EnergyMeter meter, backend::EnergyMeter::start(options.energy));
  meter.begin_phase("load");
  COPPICE_ASSIGN_OR_RETURN(const LinearFolder folder, open_linear(options.model));
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

Status run_predict(const cli::PredictOptions& options, const backend::Invocation& invocation) {
  if (options.texts.empty() && options.file.empty()) {
    return invalid_usage("nothing to judge: give a TEXT, or --file lines.jsonl (- for standard input)");
  }
  COPPICE_ASSIGN_OR_RETURN(const LinearFolder folder, open_linear(options.model));
  const auto answer = [&](const std::string& text) -> Status {
    if (invocation.interrupted->load()) return interrupted("stopped");
    const Judgement judgement = folder.model.judge(text);
    const backend::Verdict verdict{judgement.logits, judgement.words, false};
    backend::print_verdict(backend::to_json(folder.manifest, verdict, "core"), options.json);
    return {};
  };
  for (const std::string& text : options.texts) COPPICE_RETURN_IF_ERROR(answer(text));
  if (!options.file.empty()) return backend::for_each_json_text(options.file, answer);
  return {};
}

}  // namespace coppice::linear
