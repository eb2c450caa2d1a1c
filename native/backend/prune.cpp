// coppice prune: plan first, then apply; the result is a model folder of its own, to be recovered by `coppice train`.
#include "native/prune/plan.h"

#include <filesystem>
#include <iostream>

#include "native/backend/classifier_folder.h"
#include "native/backend/commands.h"
#include "native/backend/data_share.h"
#include "native/backend/energy_meter.h"
#include "native/export/model_folder.h"
#include "native/io/file.h"
#include "native/prune/magnitude.h"
#include "native/prune/structured.h"

namespace coppice::backend {
namespace {

namespace fs = std::filesystem;

Status check_options(const cli::PruneOptions& options) {
  if (options.plan.empty() && options.method.empty())
    return invalid_usage("give --method magnitude or structured, or a --plan to apply");
  if (!options.dry_run && options.output.empty())
    return invalid_usage("give --output FOLDER, or --dry-run to see the plan");
  if (options.dry_run) return {};
  if (fs::exists(fs::path(options.output) / "config.json")) {
    return invalid_usage(options.output + " holds a model already; choose another folder or remove it");
  }
  return {};
}

Result<prune::StructuredPlan> structured_plan(const cli::PruneOptions& options, ClassifierFolder& folder,
                                              RunRecorder& recorder) {
  if (options.data.empty()) return invalid_usage("--method structured scores importance on reviews: give --data");
  COPPICE_ASSIGN_OR_RETURN(
      const DataSelection selection,
      select_reviews(options.data, data::Split::kTrain, static_cast<size_t>(options.importance_reviews)));
  recorder.record().inputs["importance_data"] = to_json(selection);
  const model::TokenizedReviews reviews = model::tokenize(folder.tokenizer, selection.reviews, folder.encoding);
  model::WorkerPool pool(options.threads);
  const prune::Importance importance = prune::taylor_importance(folder.model, reviews, pool);
  prune::StructuredBudget budget;
  budget.keep_flops = options.keep_flops;
  budget.tokens = options.tokens;
  return prune::plan_structured(folder.model.config(), importance, budget);
}

Result<prune::Plan> make_plan(const cli::PruneOptions& options, ClassifierFolder& folder, RunRecorder& recorder) {
  if (!options.plan.empty()) {
    COPPICE_ASSIGN_OR_RETURN(const std::string text, read_file(options.plan));
    return prune::parse_plan(text, options.plan);
  }
  prune::Plan plan;
  plan.method = options.method;
  plan.model_id = folder.manifest.id;
  plan.weights_sha256 = folder.weights_sha256;
  if (plan.method == "magnitude") {
    COPPICE_ASSIGN_OR_RETURN(plan.magnitude, prune::plan_magnitude(folder.model, options.sparsity));
  } else {
    COPPICE_ASSIGN_OR_RETURN(plan.structured, structured_plan(options, folder, recorder));
  }
  return plan;
}

Status apply_plan(const prune::Plan& plan, bool mask_only, model::BertClassifier& model) {
  if (plan.method == "magnitude") return prune::apply_magnitude(model, plan.magnitude);
  if (mask_only) {
    prune::mask_structured(model, plan.structured);
  } else {
    prune::apply_structured(model, plan.structured);
  }
  return {};
}

Status write_model(const cli::PruneOptions& options, ClassifierFolder& folder) {
  const fs::path output = options.output;
  std::error_code error;
  fs::create_directories(output, error);
  if (error) return failed("cannot create " + output.string() + ": " + error.message());
  COPPICE_RETURN_IF_ERROR(model::save_weights(folder.model, output / "model.safetensors"));
  COPPICE_RETURN_IF_ERROR(copy_tokenizer_files(folder.path, output));
  return write_file_atomically(output / "config.json", dump_json(records::to_json(folder.model.config()), 2) + "\n");
}

Result<prune::Plan> plan_and_apply(const cli::PruneOptions& options, RunRecorder& recorder, EnergyMeter& meter) {
  COPPICE_RETURN_IF_ERROR(check_options(options));
  meter.begin_phase("load");
  COPPICE_ASSIGN_OR_RETURN(ClassifierFolder folder, open_classifier(options.model));
  records::RunRecord& record = recorder.record();
  record.inputs["parent_id"] = folder.manifest.id;
  record.inputs["base_weights_sha256"] = folder.weights_sha256;
  record.settings = {{"max_length", folder.manifest.max_length}, {"truncation", folder.manifest.truncation}};
  meter.begin_phase("plan");
  COPPICE_ASSIGN_OR_RETURN(prune::Plan plan, make_plan(options, folder, recorder));
  COPPICE_RETURN_IF_ERROR(prune::check_fits(plan, folder.model.config(), folder.weights_sha256));
  record.settings["method"] = plan.method;
  record.results["plan"] = Json(prune::to_json(plan));
  if (options.dry_run) return plan;
  meter.begin_phase("apply");
  COPPICE_RETURN_IF_ERROR(apply_plan(plan, options.mask_only, folder.model));
  COPPICE_RETURN_IF_ERROR(write_model(options, folder));
  return plan;
}

}  // namespace

Status run_prune(const cli::PruneOptions& options, const Invocation& invocation) {
  RunRecorder recorder("prune", invocation.arguments);
  COPPICE_ASSIGN_OR_RETURN(EnergyMeter meter, EnergyMeter::start(options.energy));
  const Result<prune::Plan> plan = plan_and_apply(options, recorder, meter);
  recorder.record().energy = meter.finish();
  if (!plan) return options.dry_run ? plan.status() : keep_failed_run(options.output, recorder, plan.status());
  if (options.dry_run) {
    std::cout << dump_json(prune::to_json(*plan), options.json ? -1 : 2) << '\n';
    return {};
  }
  const records::RunRecord record = recorder.finish({});
  COPPICE_RETURN_IF_ERROR(write_run_record(options.output, record));
  COPPICE_RETURN_IF_ERROR(refresh_manifest(options.output));
  if (options.json) std::cout << dump_json(records::to_json(record)) << '\n';
  return {};
}

}  // namespace coppice::backend
