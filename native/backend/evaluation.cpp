#include "native/backend/evaluation.h"

#include <iostream>
#include <optional>

#include "native/backend/against.h"
#include "native/backend/data_share.h"
#include "native/backend/energy_meter.h"
#include "native/backend/progress.h"
#include "native/backend/texts.h"
#include "native/backend/tokenization.h"
#include "native/export/refresh.h"
#include "native/export/run_recorder.h"

namespace coppice::backend {
namespace {

Result<Judged> judge_all(Judge& judge, const DataSelection& selection, const std::string& what,
                         const Invocation& invocation, EnergyMeter& meter) {
  Progress progress(what);
  const auto count = static_cast<double>(selection.reviews.size());
  const Watch watch{[&](size_t done) {
                      std::string detail = std::to_string(done);
                      detail.append(" reviews").append(meter.energy_so_far_text());
                      progress.update(static_cast<double>(done), count, detail);
                    },
                    invocation.interrupted};
  return judge.judge(selection.reviews, watch);
}

// The other model's logits, and what the answer says about it.
struct Other {
  std::vector<Logits> logits;
  OrderedJson description;
};

Result<Other> ask_other(const OpenJudge& open, const std::string& path, const DataSelection& selection,
                        const Judge& here, const Invocation& invocation, EnergyMeter& meter) {
  COPPICE_ASSIGN_OR_RETURN(const std::unique_ptr<Judge> judge, open(path));
  Other other;
  other.description["model"] = judge->manifest().id;
  other.description["weights_sha256"] = judge->weights_sha256();
  if (const std::string arithmetic = judge->arithmetic(); !arithmetic.empty()) {
    other.description["arithmetic"] = arithmetic;
  }
  COPPICE_ASSIGN_OR_RETURN(Judged judged, judge_all(*judge, selection, "against", invocation, meter));
  other.logits = std::move(judged.logits);
  const text::Tokenizer* mine = here.tokenizer();
  const text::Tokenizer* theirs = judge->tokenizer();
  if (mine != nullptr && theirs != nullptr && !same_vocabulary(*theirs, *mine)) {
    if (const std::optional<OrderedJson> difference = compare_tokenization(selection.reviews, *mine, *theirs)) {
      other.description["tokenization"] = *difference;
    }
  }
  return other;
}

Result<OrderedJson> evaluate(const OpenJudge& open, Judge& judge, const cli::EvaluateOptions& options,
                             const Invocation& invocation, records::RunRecord& record, EnergyMeter& meter) {
  COPPICE_ASSIGN_OR_RETURN(const data::Split split, data::parse_split(options.split));
  COPPICE_ASSIGN_OR_RETURN(const DataSelection selection,
                           select_reviews(options.data, split, static_cast<size_t>(options.limit)));
  const records::Manifest& manifest = judge.manifest();
  const std::string arithmetic = judge.arithmetic();
  record.inputs["test_set"] = to_json(selection);
  record.inputs["weights_sha256"] = judge.weights_sha256();
  if (judge.tokenizer() != nullptr) {
    record.settings["max_length"] = manifest.max_length;
    record.settings["truncation"] = manifest.truncation;
  }
  if (!arithmetic.empty()) record.settings["arithmetic"] = arithmetic;
  record.settings["engine"] = judge.engine();

  meter.begin_phase("evaluate");
  COPPICE_ASSIGN_OR_RETURN(const Judged judged, judge_all(judge, selection, "evaluate", invocation, meter));
  std::optional<Other> other;
  if (!options.against.empty()) {
    meter.begin_phase("against");
    COPPICE_ASSIGN_OR_RETURN(other, ask_other(open, options.against, selection, judge, invocation, meter));
  }
  meter.begin_phase("metrics");
  COPPICE_ASSIGN_OR_RETURN(OrderedJson metrics, metrics_of(selection, judged.logits));
  if (!options.predictions.empty()) {
    COPPICE_RETURN_IF_ERROR(
        write_predictions(options.predictions, selection, judged.logits, manifest.id, judge.weights_sha256()));
  }
  metrics["tokens"] = judged.tokens;
  metrics["truncated"] = judged.truncated;
  if (!arithmetic.empty()) metrics["arithmetic"] = arithmetic;
  metrics["engine"] = judge.engine();
  if (other) {
    COPPICE_ASSIGN_OR_RETURN(const OrderedJson comparison, compare_logits(selection, judged.logits, other->logits));
    OrderedJson& against = metrics["against"] = std::move(other->description);
    against.update(comparison);
  }
  record.results = Json(metrics);
  return metrics;
}

}  // namespace

Status stopped_after(size_t done, size_t count) {
  std::string message = "stopped after ";
  message.append(std::to_string(done)).append(" of ").append(std::to_string(count)).append(" reviews");
  return interrupted(message);
}

Status evaluate_with(const OpenJudge& open, const cli::EvaluateOptions& options, const Invocation& invocation) {
  RunRecorder recorder("evaluate", invocation.arguments);
  COPPICE_ASSIGN_OR_RETURN(EnergyMeter meter, EnergyMeter::start(options.energy));
  meter.begin_phase("load");
  COPPICE_ASSIGN_OR_RETURN(const std::unique_ptr<Judge> judge, open(options.model));
  const Result<OrderedJson> metrics = evaluate(open, *judge, options, invocation, recorder.record(), meter);
  recorder.record().energy = meter.finish();
  if (!metrics) return options.record ? keep_failed_run(options.model, recorder, metrics.status()) : metrics.status();
  if (options.record) {
    COPPICE_RETURN_IF_ERROR(write_run_record(options.model, recorder.finish({})));
    COPPICE_RETURN_IF_ERROR(refresh_card_and_manifest(options.model));
  }
  std::cout << dump_json(*metrics, options.json ? -1 : 2) << '\n';
  return {};
}

Status predict_with(const OpenJudge& open, const cli::PredictOptions& options, const Invocation& invocation) {
  if (options.texts.empty() && options.file.empty()) {
    return invalid_usage("nothing to judge: give a TEXT, or --file lines.jsonl (- for standard input)");
  }
  COPPICE_ASSIGN_OR_RETURN(const std::unique_ptr<Judge> judge, open(options.model));
  const auto answer = [&](const std::string& text) -> Status {
    if (invocation.interrupted->load()) return interrupted("stopped");
    COPPICE_ASSIGN_OR_RETURN(const Verdict verdict, judge->judge_one(text));
    print_verdict(to_json(judge->manifest(), verdict, judge->engine()), options.json);
    return {};
  };
  for (const std::string& text : options.texts) COPPICE_RETURN_IF_ERROR(answer(text));
  if (!options.file.empty()) return for_each_json_text(options.file, answer);
  return {};
}

}  // namespace coppice::backend
