// coppice train-linear: labelled reviews to a linear model's folder with its run record, card and manifest.
#include <filesystem>
#include <iostream>

#include "native/backend/data_share.h"
#include "native/backend/energy_meter.h"
#include "native/backend/progress.h"
#include "native/export/refresh.h"
#include "native/export/run_recorder.h"
#include "native/linear/commands.h"
#include "native/linear/linear_folder.h"
#include "native/linear/selection.h"

namespace coppice::linear {
namespace {

namespace fs = std::filesystem;

Result<SelectionOptions> selection_options(const TrainLinearOptions& options) {
  SelectionOptions selection;
  selection.features.max_ngram = options.max_ngram;
  COPPICE_ASSIGN_OR_RETURN(selection.features.weighting, parse_weighting(options.weighting, "--weighting"));
  COPPICE_ASSIGN_OR_RETURN(selection.features.norm, parse_norm(options.norm, "--norm"));
  selection.hash_bits = options.hash_bits;
  selection.l2 = options.l2;
  selection.naive_bayes_smoothing = options.naive_bayes_smoothing;
  selection.min_texts = options.min_texts;
  selection.max_passes = options.max_passes;
  selection.threads = options.threads;
  return selection;
}

// A new or empty folder, or that of another linear model, which is replaced.
Status check_output(const fs::path& output) {
  std::error_code error;
  if (!fs::exists(output, error) || (fs::is_directory(output, error) && fs::is_empty(output, error))) return {};
  if (open_linear(output).ok()) return {};
  return invalid_usage("--output " + output.string() + " is neither empty nor a linear model's folder");
}

Status train(const TrainLinearOptions& options, const backend::Invocation& invocation, RunRecorder& recorder,
             backend::EnergyMeter& meter) {
  COPPICE_ASSIGN_OR_RETURN(const SelectionOptions settings, selection_options(options));
  COPPICE_RETURN_IF_ERROR(check_output(options.output));
  meter.begin_phase("load");
  COPPICE_ASSIGN_OR_RETURN(
      const backend::DataSelection training,
      backend::select_reviews(options.data, data::Split::kTrain, static_cast<size_t>(options.train_limit)));
  COPPICE_ASSIGN_OR_RETURN(
      const backend::DataSelection validation,
      backend::select_reviews(options.data, data::Split::kValidation, static_cast<size_t>(options.validation_limit)));
  records::RunRecord& record = recorder.record();
  record.inputs["training_data"] = to_json(training);
  record.inputs["validation_data"] = to_json(validation);
  record.settings["max_ngram"] = options.max_ngram;
  record.settings["weighting"] = options.weighting;
  record.settings["norm"] = options.norm;
  record.settings["naive_bayes_smoothing"] = options.naive_bayes_smoothing;
  record.settings["min_texts"] = options.min_texts;
  record.settings["max_passes"] = options.max_passes;
  record.settings["hash_bits_tried"] = options.hash_bits;
  record.settings["l2_tried"] = options.l2;

  meter.begin_phase("train");
  backend::Progress progress("train-linear");
  const size_t fits = options.hash_bits.size() * options.l2.size();
  size_t done = 0;
  const auto tell = [&](const Candidate& candidate) {
    progress.note(std::to_string(int64_t{1} << candidate.hash_bits) + " buckets, l2 " + dump_json(Json(candidate.l2)) +
                  ": validation accuracy " + backend::fixed(candidate.validation.accuracy, 4) + ", loss " +
                  backend::fixed(candidate.validation.loss, 4));
    ++done;
    progress.update(static_cast<double>(done), static_cast<double>(fits),
                    std::to_string(done) + " fits" + meter.energy_so_far_text());
  };
  COPPICE_ASSIGN_OR_RETURN(const Selection selection, select_linear(training.reviews, validation.reviews, settings,
                                                                    tell, *invocation.interrupted));
  const Candidate& chosen = selection.candidates[selection.chosen];
  record.settings["hash_bits"] = chosen.hash_bits;
  record.settings["l2"] = chosen.l2;
  record.results["best"] = {{"validation_accuracy", selection.validation.accuracy},
                            {"validation_loss", selection.validation.loss}};
  record.results["calibration_factor"] = selection.factor;
  record.results["before_quantisation"] = Json(to_json(chosen));
  for (const Candidate& candidate : selection.candidates)
    record.results["candidates"].push_back(Json(to_json(candidate)));
  meter.begin_phase("write");
  return write_linear(options.output, selection.config, selection.weights);
}

}  // namespace

Status run_train_linear(const TrainLinearOptions& options, const backend::Invocation& invocation) {
  RunRecorder recorder("train", invocation.arguments);
  COPPICE_ASSIGN_OR_RETURN(backend::EnergyMeter meter, backend::EnergyMeter::start(options.energy));
  const Status status = train(options, invocation, recorder, meter);
  recorder.record().energy = meter.finish();
  if (!status.ok()) return keep_failed_run(options.output, recorder, status);
  const records::RunRecord record = recorder.finish(status);
  COPPICE_RETURN_IF_ERROR(write_run_record(options.output, record));
  COPPICE_RETURN_IF_ERROR(write_card_and_manifest(options.output).status());
  if (options.json) std::cout << dump_json(records::to_json(record)) << '\n';
  return {};
}

}  // namespace coppice::linear
