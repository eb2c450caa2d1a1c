// coppice train: a base model and labelled reviews to a model folder with its run record and manifest.
#include <cmath>
#include <filesystem>
#include <iostream>
#include <optional>

#include "native/backend/classifier_folder.h"
#include "native/backend/commands.h"
#include "native/backend/data_share.h"
#include "native/backend/energy_meter.h"
#include "native/backend/progress.h"
#include "native/backend/teacher.h"
#include "native/data/dataset.h"
#include "native/data/unlabelled.h"
#include "native/export/model_folder.h"
#include "native/io/file.h"
#include "native/model/tokenized_reviews.h"
#include "native/train/trainer.h"
#include "shared/engine/weights.h"

namespace coppice::backend {
namespace {

namespace fs = std::filesystem;

Result<train::GradualPruningConfig> pruning_of(const cli::TrainOptions& options) {
  train::GradualPruningConfig pruning;
  if (!options.prune_to) return pruning;
  if (!(*options.prune_to > 0 && *options.prune_to < 1)) {
    return invalid_usage("--prune-to is " + fixed(*options.prune_to, 4) + "; expected a share in (0, 1), e.g. 0.8");
  }
  pruning.sparsity = *options.prune_to;
  COPPICE_ASSIGN_OR_RETURN(pruning.score, prune::parse_score(options.prune_score));
  COPPICE_ASSIGN_OR_RETURN(pruning.scope, prune::parse_scope(options.prune_scope));
  COPPICE_ASSIGN_OR_RETURN(pruning.pattern, prune::parse_pattern(options.prune_pattern));
  pruning.begin = options.prune_begin;
  pruning.end = options.prune_end;
  pruning.every_steps = options.prune_every;
  COPPICE_RETURN_IF_ERROR(train::check(pruning));
  return pruning;
}

Result<train::TrainConfig> config_of(const cli::TrainOptions& options) {
  train::TrainConfig config;
  config.epochs = options.epochs;
  config.max_steps = options.max_steps;
  config.batch_size = options.batch_size;
  config.micro_batch_tokens = options.micro_batch_tokens;
  config.learning_rate = options.learning_rate;
  config.warmup_ratio = options.warmup_ratio;
  config.max_grad_norm = options.max_grad_norm;
  config.adamw.weight_decay = options.weight_decay;
  config.seed = options.seed;
  config.validations_per_epoch = options.validations_per_epoch;
  config.patience = options.patience;
  config.checkpoint_every_seconds = options.checkpoint_every_seconds;
  config.precision = options.precision == "bf16" ? model::MatmulPrecision::kBFloat16 : model::MatmulPrecision::kFloat32;
  if (!options.teacher.empty()) {
    config.distillation = {options.distillation_weight, options.distillation_temperature,
                           options.distillation_hidden_weight, /*inner, known once the teacher is open*/ {}};
  }
  if (options.teacher.empty() && options.teacher_hidden != "off") {
    return invalid_usage("--teacher-hidden " + options.teacher_hidden + " needs a --teacher");
  }
  if (!options.unlabelled.empty() && (options.teacher.empty() || options.distillation_weight == 0)) {
    return invalid_usage(
        "--unlabelled needs a --teacher, and a --distillation-weight above 0: nobody else judges them");
  }
  COPPICE_ASSIGN_OR_RETURN(config.pruning, pruning_of(options));
  return config;
}

// 1 where the encoder's weights are not 0: what magnitude pruning left.
train::Masks masks_of_zeros(model::BertClassifier& model) {
  const std::vector<std::string> matrices = engine::encoder_matrices(model.config());
  train::Masks masks;
  model.visit([&](const std::string& name, at::Tensor& tensor, const std::vector<int64_t>&) {
    if (std::find(matrices.begin(), matrices.end(), name) == matrices.end()) return;
    masks[name] = tensor.ne(0).to(at::kFloat);
  });
  return masks;
}

struct Inputs {
  text::EncodeOptions encoding;
  DataSelection training_selection;         // labelled
  std::optional<DataSelection> unlabelled;  // sha256 of those alone
  size_t unlabelled_near_others = 0;
  std::vector<data::Review> training_reviews;  // both, in this order
  std::string training_sha256;                 // of both
  model::TokenizedReviews training;
  model::TokenizedReviews validation;
  Json validation_share;
};

// Near-duplicates of reviews that validate and test are left out. A folder of TSV files need not have a test part.
Status add_unlabelled(const cli::TrainOptions& options, Inputs& inputs) {
  COPPICE_ASSIGN_OR_RETURN(std::vector<data::Review> apart_from,
                           data::read_reviews(options.data, data::Split::kValidation));
  const fs::path folder = options.data;
  if (!fs::exists(folder / "train.tsv") || fs::exists(folder / "test.tsv")) {
    COPPICE_ASSIGN_OR_RETURN(const std::vector<data::Review> test, data::read_reviews(folder, data::Split::kTest));
    apart_from.insert(apart_from.end(), test.begin(), test.end());
  }
  COPPICE_ASSIGN_OR_RETURN(
      data::UnlabelledReviews found,
      data::read_unlabelled(options.unlabelled, static_cast<size_t>(options.unlabelled_limit), apart_from));
  inputs.training_reviews.insert(inputs.training_reviews.end(), found.reviews.begin(), found.reviews.end());
  inputs.training_sha256 = data::reviews_sha256(inputs.training_reviews);
  inputs.unlabelled_near_others = found.near_others;
  inputs.unlabelled =
      DataSelection{inputs.training_selection.name, "unlabelled", std::move(found.reviews), {}, found.available};
  inputs.unlabelled->sha256 = data::reviews_sha256(inputs.unlabelled->reviews);
  return {};
}

Result<Inputs> read_inputs(const cli::TrainOptions& options, const text::Tokenizer& tokenizer) {
  Inputs inputs;
  COPPICE_ASSIGN_OR_RETURN(inputs.encoding.truncation, text::parse_truncation(options.truncation));
  inputs.encoding.max_length = static_cast<int>(options.max_length);
  inputs.encoding.with_offsets = false;
  COPPICE_ASSIGN_OR_RETURN(inputs.training_selection,
                           select_reviews(options.data, data::Split::kTrain, static_cast<size_t>(options.train_limit)));
  COPPICE_ASSIGN_OR_RETURN(
      const DataSelection validation,
      select_reviews(options.data, data::Split::kValidation, static_cast<size_t>(options.validation_limit)));
  inputs.training_reviews = inputs.training_selection.reviews;
  inputs.training_sha256 = inputs.training_selection.sha256;
  if (!options.unlabelled.empty()) COPPICE_RETURN_IF_ERROR(add_unlabelled(options, inputs));
  inputs.training = model::tokenize(tokenizer, inputs.training_reviews, inputs.encoding);
  inputs.validation = model::tokenize(tokenizer, validation.reviews, inputs.encoding);
  inputs.validation_share = to_json(validation);
  return inputs;
}

Json results_of(const train::TrainResult& result) {
  Json results;
  results["steps"] = result.steps;
  results["tokens"] = result.tokens;
  results["tokens_per_second"] = result.tokens_per_second;
  results["stopped_early"] = result.stopped_early;
  results["best"] = Json(train::to_json(result.best));
  results["validation_history"] = Json::array();
  for (const train::ValidationPoint& point : result.history)
    results["validation_history"].push_back(Json(train::to_json(point)));
  return results;
}

train::TrainEvents events_for(Progress& progress, EnergyMeter& meter, const cli::TrainOptions& options) {
  train::TrainEvents events;
  const auto start = std::chrono::steady_clock::now();
  events.on_phase = [&meter](const std::string& phase) { meter.begin_phase(phase); };
  events.on_step = [&progress, &meter, start](const train::StepInfo& step) {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    progress.update(static_cast<double>(step.step), static_cast<double>(step.total_steps),
                    "step " + std::to_string(step.step) + ", loss " + fixed(step.loss, 3) + ", " +
                        fixed(static_cast<double>(step.tokens_done) / seconds, 0) + " tokens/s" +
                        meter.energy_so_far_text());
  };
  events.on_validation = [&progress](const train::ValidationPoint& point) {
    progress.note("epoch " + fixed(point.epoch, 2) + ": training loss " + fixed(point.train_loss, 4) +
                  ", validation loss " + fixed(point.validation_loss, 4) + ", validation accuracy " +
                  fixed(point.validation_accuracy, 4));
  };
  if (options.energy_budget_joules > 0) {
    events.should_stop = [&meter, budget = options.energy_budget_joules]() -> std::optional<std::string> {
      const std::optional<double> spent = meter.joules_so_far();
      if (!spent || *spent < budget) return std::nullopt;
      return "the energy budget of " + fixed(budget, 0) + " J is used up (" + fixed(*spent, 0) + " J)";
    };
  }
  return events;
}

// A derived model keeps its ancestor's id; a base model without a manifest is named by its folder.
std::string id_of_base(const fs::path& base) {
  if (const Result<records::Manifest> manifest = read_model_folder(base, Verify::kNothing); manifest.ok()) {
    return manifest->id;
  }
  return fs::weakly_canonical(base).filename().string();
}

Status write_trained_model(model::BertClassifier& model, const cli::TrainOptions& options) {
  const fs::path output = options.output;
  COPPICE_RETURN_IF_ERROR(model::save_weights(model, output / "model.safetensors"));
  COPPICE_RETURN_IF_ERROR(
      write_file_atomically(output / "config.json", dump_json(records::to_json(model.config()), 2) + "\n"));
  return copy_tokenizer_files(options.base, output);
}

Status train_and_write(const cli::TrainOptions& options, const Invocation& invocation, RunRecorder& recorder,
                       EnergyMeter& meter) {
  const fs::path base = options.base;
  const fs::path output = options.output;
  COPPICE_ASSIGN_OR_RETURN(train::TrainConfig config, config_of(options));
  meter.begin_phase("load");
  COPPICE_ASSIGN_OR_RETURN(model::LoadedModel loaded, model::load_model(base, options.seed, /*require_head=*/false));
  if (options.max_length > loaded.model.config().max_position_embeddings) {
    return invalid_usage("--max-length is " + std::to_string(options.max_length) + " but the model has only " +
                         std::to_string(loaded.model.config().max_position_embeddings) + " positions");
  }
  for (const std::string& name : loaded.report.newly_initialised)
    std::cerr << "new, not in the base model: " << name << '\n';
  if (!loaded.report.unused.empty()) {
    std::cerr << "in the base model but not used here:";
    for (const std::string& name : loaded.report.unused) std::cerr << ' ' << name;
    std::cerr << '\n';
  }
  COPPICE_ASSIGN_OR_RETURN(const text::Tokenizer tokenizer, read_tokenizer(base));
  COPPICE_ASSIGN_OR_RETURN(const Inputs inputs, read_inputs(options, tokenizer));
  if (options.dropout >= 0) loaded.model.set_dropout(options.dropout);

  model::WorkerPool pool(options.threads);
  std::optional<Teacher> teacher;
  if (!options.teacher.empty()) {
    const Result<records::Manifest> manifest = read_model_folder(base, Verify::kNothing);
    const records::BertConfig& shape = loaded.model.config();
    const Student student{tokenizer, inputs.training, shape.num_hidden_layers(), shape.hidden_size,
                          manifest.ok() ? &*manifest : nullptr};
    COPPICE_ASSIGN_OR_RETURN(teacher, ask_teacher(options, inputs.training_reviews, inputs.training_sha256, student,
                                                  inputs.encoding, output / "checkpoints", pool, meter, invocation));
    config.distillation.inner = teacher->hidden_states;
  }
  records::RunRecord& record = recorder.record();
  record.settings = Json(train::to_json(config));
  record.settings["max_length"] = options.max_length;
  record.settings["truncation"] = options.truncation;
  record.settings["hidden_dropout_prob"] = loaded.model.config().hidden_dropout_prob;
  record.settings["keep_zeros"] = options.keep_zeros;
  record.settings["threads"] = pool.threads();
  COPPICE_ASSIGN_OR_RETURN(const std::string base_sha256, sha256_file_hex(base / loaded.weights_path));
  record.inputs["parent_id"] = id_of_base(base);
  record.inputs["base_weights_sha256"] = base_sha256;
  if (teacher) record.inputs["teacher"] = teacher->description;
  record.inputs["training_data"] = to_json(inputs.training_selection);
  if (inputs.unlabelled) {
    record.inputs["unlabelled_data"] = to_json(*inputs.unlabelled);
    record.inputs["unlabelled_data"]["left_out_near_validation_or_test"] = inputs.unlabelled_near_others;
  }
  record.inputs["validation_data"] = inputs.validation_share;

  // Threads do not belong to the fingerprint: a run may go on with fewer.
  Json identity = {record.settings, record.inputs};
  identity[0].erase("threads");
  const std::string fingerprint = sha256_hex(dump_json(identity)).substr(0, 16);
  const train::Masks masks = options.keep_zeros ? masks_of_zeros(loaded.model) : train::Masks{};

  std::cerr << "training on " << inputs.training.size() << " reviews ("
            << (inputs.unlabelled ? std::to_string(inputs.unlabelled->reviews.size()).append(" without label, ") : "")
            << inputs.training.tokens() << " tokens, " << inputs.training.truncated << " cut to " << options.max_length
            << "), validating on " << inputs.validation.size() << ", " << pool.threads() << " threads\n";
  Progress progress("train");
  const train::TrainEvents events = events_for(progress, meter, options);
  COPPICE_ASSIGN_OR_RETURN(
      const train::TrainResult result,
      train::train(loaded.model, inputs.training, inputs.validation, config, masks, output / "checkpoints", fingerprint,
                   options.resume, events, pool, *invocation.interrupted, teacher ? &teacher->answers : nullptr));
  record.results = results_of(result);
  meter.begin_phase("write");
  return write_trained_model(loaded.model, options);
}

}  // namespace

Status run_train(const cli::TrainOptions& options, const Invocation& invocation) {
  RunRecorder recorder("train", invocation.arguments);
  COPPICE_ASSIGN_OR_RETURN(EnergyMeter meter, EnergyMeter::start(options.energy));
  const Status status = train_and_write(options, invocation, recorder, meter);
  recorder.record().energy = meter.finish();
  if (!status.ok()) return keep_failed_run(options.output, recorder, status);
  const records::RunRecord record = recorder.finish(status);
  COPPICE_RETURN_IF_ERROR(write_run_record(options.output, record));
  COPPICE_RETURN_IF_ERROR(refresh_manifest(options.output));
  std::error_code ignored;
  fs::remove_all(fs::path(options.output) / "checkpoints", ignored);
  if (options.json) std::cout << dump_json(records::to_json(record)) << '\n';
  return {};
}

}  // namespace coppice::backend
