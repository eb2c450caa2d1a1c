// coppice prune: plan first, then apply; the result is a model folder of its own, to be recovered by `coppice train`.
#include "native/prune/plan.h"

#include <charconv>
#include <filesystem>
#include <iostream>
#include <optional>

#include "native/backend/classifier_folder.h"
#include "native/backend/commands.h"
#include "native/backend/data_share.h"
#include "native/backend/energy_meter.h"
#include "native/backend/progress.h"
#include "native/export/model_folder.h"
#include "native/export/tokenizer_files.h"
#include "native/io/file.h"
#include "native/prune/reconstruction.h"
#include "native/prune/structured.h"
#include "native/prune/unstructured.h"
#include "native/prune/vocabulary.h"

namespace coppice::backend {
namespace {

namespace fs = std::filesystem;

Status check_options(const cli::PruneOptions& options) {
  if (options.plan.empty() && options.method.empty())
    return invalid_usage(
        "give --method magnitude, movement, fisher, reconstruction, structured or vocabulary, or a --plan "
        "to apply");
  if (!options.dry_run && options.output.empty())
    return invalid_usage("give --output FOLDER, or --dry-run to see the plan");
  if (options.keep_latency.has_value() == options.latency_table.empty())
    return invalid_usage("--keep-latency and --latency-table go together");
  if (options.dry_run) return {};
  if (fs::exists(fs::path(options.output) / "config.json")) {
    return invalid_usage(options.output + " holds a model already; choose another folder or remove it");
  }
  return {};
}

// The model, its reviews for scores, and where the record takes down what was used.
struct Workplace {
  const cli::PruneOptions& options;
  ClassifierFolder& folder;
  RunRecorder& recorder;
  model::WorkerPool pool;
  prune::ScoredOn scored_on;
  std::vector<at::Tensor> scores;  // once computed
  std::optional<prune::Reconstruction> reconstruction;
  std::optional<prune::TrimmedVocabulary> vocabulary;

  Result<model::TokenizedReviews> reviews(data::Split split, const std::string& what_for) {
    if (options.data.empty()) return invalid_usage(what_for + " needs reviews: give --data");
    COPPICE_ASSIGN_OR_RETURN(const DataSelection selection,
                             select_reviews(options.data, split, static_cast<size_t>(options.importance_reviews)));
    recorder.record().inputs["importance_data"] = to_json(selection);
    scored_on = {static_cast<int64_t>(selection.reviews.size()), selection.sha256};
    return model::tokenize(folder.tokenizer, selection.reviews, folder.encoding);
  }
};

// Planning and applying in one go need the same scores.
Status find_scores(prune::Score score, Workplace& place) {
  if (!place.scores.empty() || place.reconstruction) return {};
  if (score == prune::Score::kMagnitude) {
    place.scores = prune::magnitude_scores(place.folder.model);
    return {};
  }
  COPPICE_ASSIGN_OR_RETURN(const model::TokenizedReviews reviews,
                           place.reviews(data::Split::kTrain, "pruning by " + std::string(prune::to_string(score))));
  if (score == prune::Score::kReconstruction) {
    COPPICE_ASSIGN_OR_RETURN(place.reconstruction,
                             prune::Reconstruction::create(place.folder.model, reviews, place.pool));
    return {};
  }
  place.scores = prune::gradient_scores(place.folder.model, score, reviews, place.pool);
  return {};
}

Result<prune::SelectionOptions> selection_of(const cli::PruneOptions& options) {
  prune::SelectionOptions selection;
  COPPICE_ASSIGN_OR_RETURN(selection.scope, prune::parse_scope(options.scope));
  COPPICE_ASSIGN_OR_RETURN(selection.pattern, prune::parse_pattern(options.pattern));
  const double usual = selection.pattern.is_n_of_m() ? selection.pattern.sparsity() : 0.8;
  selection.sparsity = options.sparsity.value_or(usual);
  return selection;
}

Result<prune::StructuredBudget> budget_of(const cli::PruneOptions& options, const records::BertConfig& config,
                                          std::string& runtime) {
  prune::StructuredBudget budget;
  budget.tokens = options.tokens;
  if (options.keep_parameters) {
    budget.kind = prune::BudgetKind::kParameters;
    budget.keep = *options.keep_parameters;
    budget.cost = prune::parameter_cost(config);
  } else if (options.keep_latency) {
    budget.kind = prune::BudgetKind::kLatency;
    budget.keep = *options.keep_latency;
    COPPICE_ASSIGN_OR_RETURN(const std::string text, read_file(options.latency_table));
    COPPICE_ASSIGN_OR_RETURN(const prune::LatencyTable table, prune::parse_latency_table(text, options.latency_table));
    COPPICE_ASSIGN_OR_RETURN(budget.cost, prune::latency_cost(config, table));
    budget.tokens = table.tokens;
    runtime = table.runtime;
  } else {
    budget.keep = options.keep_flops.value_or(0.5);
    budget.cost = prune::flops_cost(config, options.tokens);
  }
  return budget;
}

// The sets of layers to try: one, or with "auto" one for each number of layers.
Result<std::vector<std::vector<int64_t>>> layer_choices(Workplace& place, const model::TokenizedReviews& reviews) {
  const int64_t count = place.folder.model.config().num_hidden_layers();
  const std::string& wish = place.options.keep_layers;
  if (wish == "all") return std::vector<std::vector<int64_t>>{prune::all_layers(count)};
  int64_t left = 1;
  if (wish != "auto") {
    const auto [end, error] = std::from_chars(wish.data(), wish.data() + wish.size(), left);
    if (error != std::errc() || end != wish.data() + wish.size() || left < 1 || left > count) {
      return invalid_usage("--keep-layers is \"" + wish + "\"; expected all, auto or 1 to " + std::to_string(count) +
                           ", the model's layers");
    }
  }
  std::vector<std::vector<int64_t>> choices = prune::remove_layers(place.folder.model, left, reviews, place.pool);
  if (wish != "auto") choices = {choices.back()};
  return choices;
}

Result<prune::StructuredPlan> structured_plan(Workplace& place) {
  model::BertClassifier& model = place.folder.model;
  std::string runtime;
  COPPICE_ASSIGN_OR_RETURN(const prune::StructuredBudget budget, budget_of(place.options, model.config(), runtime));
  const bool taylor = place.options.importance == "taylor";
  model::TokenizedReviews reviews;
  if (taylor || place.options.keep_layers != "all") {
    COPPICE_ASSIGN_OR_RETURN(reviews, place.reviews(data::Split::kValidation, "importance, or choosing layers,"));
  }
  COPPICE_ASSIGN_OR_RETURN(const auto choices, layer_choices(place, reviews));
  std::optional<prune::StructuredPlan> best;
  double best_loss = 0;
  Status refusal;
  Json tried = Json::array();
  for (const std::vector<int64_t>& kept : choices) {
    model::BertClassifier reduced = prune::with_layers(model, kept);
    const prune::Importance importance =
        taylor ? prune::taylor_importance(reduced, reviews, place.pool) : prune::magnitude_importance(reduced);
    Result<prune::StructuredPlan> plan = prune::plan_structured(model.config(), kept, importance, budget);
    if (!plan) {  // more layers than the budget has room for
      refusal = plan.status();
      continue;
    }
    double loss = 0;
    if (choices.size() > 1) {
      model::BertClassifier pruned = model;
      prune::apply_structured(pruned, *plan);
      loss = prune::mean_loss(pruned, reviews, place.pool);
      tried.push_back({{"layers", kept}, {"loss", loss}, {"flops", plan->flops_after}});
      std::cerr << kept.size() << " layers: loss " << fixed(loss, 4) << " before any recovery\n";
    }
    if (!best || loss < best_loss) {
      best = std::move(*plan);
      best_loss = loss;
    }
  }
  if (!best) return refusal;
  if (!tried.empty()) place.recorder.record().results["tried"] = tried;
  best->importance = place.options.importance;
  best->scored_on = place.scored_on;
  best->runtime = runtime;
  return std::move(*best);
}

// The whole training part, since rare words are what this is about.
Status find_vocabulary(int64_t min_count, int64_t keep_tokens, Workplace& place) {
  if (place.vocabulary) return {};
  if (place.options.data.empty()) return invalid_usage("trimming the vocabulary counts tokens: give --data");
  COPPICE_ASSIGN_OR_RETURN(const DataSelection corpus,
                           select_reviews(place.options.data, data::Split::kTrain, /*limit=*/0));
  place.recorder.record().inputs["importance_data"] = to_json(corpus);
  std::vector<std::string_view> texts;
  for (const data::Review& review : corpus.reviews) texts.push_back(review.text);
  COPPICE_ASSIGN_OR_RETURN(place.vocabulary, prune::trim_vocabulary(place.folder.tokenizer,
                                                                    prune::count_tokens(place.folder.tokenizer, texts),
                                                                    min_count, keep_tokens));
  place.vocabulary->plan.corpus = {static_cast<int64_t>(corpus.reviews.size()), corpus.sha256};
  return {};
}

Status apply_vocabulary(const prune::VocabularyPlan& plan, Workplace& place) {
  COPPICE_RETURN_IF_ERROR(find_vocabulary(plan.min_count, plan.keep_tokens, place));
  if (place.vocabulary->plan.corpus.sha256 != plan.corpus.sha256 ||
      place.vocabulary->plan.tokens_after != plan.tokens_after) {
    return invalid_input("the plan was made on " + std::to_string(plan.corpus.reviews) + " reviews with sha256 " +
                         plan.corpus.sha256 + ", --data gives " +
                         std::to_string(place.vocabulary->plan.corpus.reviews) + " with " +
                         place.vocabulary->plan.corpus.sha256 + "; give the same reviews");
  }
  COPPICE_ASSIGN_OR_RETURN(text::Tokenizer tokenizer,
                           text::Tokenizer::create(place.vocabulary->vocab_txt, place.folder.tokenizer.options()));
  place.folder.model.keep_tokens(place.vocabulary->kept, tokenizer.special_ids().pad);
  place.folder.tokenizer = std::move(tokenizer);
  return {};
}

Result<prune::Plan> make_plan(Workplace& place) {
  if (!place.options.plan.empty()) {
    COPPICE_ASSIGN_OR_RETURN(const std::string text, read_file(place.options.plan));
    return prune::parse_plan(text, place.options.plan);
  }
  prune::Plan plan;
  plan.method = place.options.method;
  plan.model_id = place.folder.manifest.id;
  plan.weights_sha256 = place.folder.weights_sha256;
  if (plan.is_structured()) {
    COPPICE_ASSIGN_OR_RETURN(plan.structured, structured_plan(place));
    return plan;
  }
  if (plan.is_vocabulary()) {
    COPPICE_RETURN_IF_ERROR(find_vocabulary(place.options.min_count, place.options.keep_tokens, place));
    plan.vocabulary = place.vocabulary->plan;
    return plan;
  }
  COPPICE_ASSIGN_OR_RETURN(const prune::Score score, prune::parse_score(plan.method));
  COPPICE_ASSIGN_OR_RETURN(const prune::SelectionOptions selection, selection_of(place.options));
  COPPICE_RETURN_IF_ERROR(find_scores(score, place));
  COPPICE_ASSIGN_OR_RETURN(plan.unstructured,
                           place.reconstruction
                               ? place.reconstruction->plan(selection)
                               : prune::plan_unstructured(place.folder.model, place.scores, score, selection));
  plan.unstructured.scored_on = place.scored_on;
  return plan;
}

Status apply_reconstruction(const prune::UnstructuredPlan& plan, Workplace& place) {
  Json layers = Json::array();
  const auto report = [&](int64_t layer, double relative_error) {
    layers.push_back({{"layer", layer}, {"relative_error", relative_error}});
    std::cerr << "layer " << layer + 1 << " of " << place.folder.model.config().num_hidden_layers() << ": states "
              << fixed(100 * relative_error, 1) << " % off, squared\n";
  };
  COPPICE_ASSIGN_OR_RETURN(place.folder.model, place.reconstruction->apply(plan, report));
  place.recorder.record().results["states_after"] = std::move(layers);
  return {};
}

Status apply_plan(const prune::Plan& plan, Workplace& place) {
  if (plan.is_structured()) {
    if (place.options.mask_only) return prune::mask_structured(place.folder.model, plan.structured);
    prune::apply_structured(place.folder.model, plan.structured);
    return {};
  }
  if (plan.is_vocabulary()) return apply_vocabulary(plan.vocabulary, place);
  COPPICE_RETURN_IF_ERROR(find_scores(plan.unstructured.score, place));
  if (place.scored_on.sha256 != plan.unstructured.scored_on.sha256) {
    return invalid_input("the plan's scores were computed on " + std::to_string(plan.unstructured.scored_on.reviews) +
                         " reviews with sha256 " + plan.unstructured.scored_on.sha256 + ", --data gives " +
                         std::to_string(place.scored_on.reviews) + " with " + place.scored_on.sha256 +
                         "; give the same reviews and --importance-reviews");
  }
  if (place.reconstruction) return apply_reconstruction(plan.unstructured, place);
  return prune::apply_unstructured(place.folder.model, place.scores, plan.unstructured);
}

// With another vocabulary the old files would lie.
Status write_tokenizer(const ClassifierFolder& folder, const std::string& vocab_txt, const fs::path& output) {
  COPPICE_RETURN_IF_ERROR(write_file_atomically(output / "vocab.txt", vocab_txt));
  COPPICE_RETURN_IF_ERROR(write_file_atomically(output / "tokenizer.json", tokenizer_json(folder.tokenizer)));
  return write_file_atomically(output / "tokenizer_config.json",
                               tokenizer_config_json(folder.tokenizer, folder.manifest.max_length));
}

Status write_model(const Workplace& place) {
  const cli::PruneOptions& options = place.options;
  ClassifierFolder& folder = place.folder;
  const fs::path output = options.output;
  std::error_code error;
  fs::create_directories(output, error);
  if (error) return failed("cannot create " + output.string() + ": " + error.message());
  COPPICE_RETURN_IF_ERROR(model::save_weights(folder.model, output / "model.safetensors"));
  COPPICE_RETURN_IF_ERROR(place.vocabulary ? write_tokenizer(folder, place.vocabulary->vocab_txt, output)
                                           : copy_tokenizer_files(folder.path, output));
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
  Workplace place{options, folder, recorder, model::WorkerPool(options.threads), {}, {}, {}, {}};
  COPPICE_ASSIGN_OR_RETURN(prune::Plan plan, make_plan(place));
  COPPICE_RETURN_IF_ERROR(prune::check_fits(plan, folder.model.config(), folder.weights_sha256));
  record.settings["method"] = plan.method;
  record.results["plan"] = Json(prune::to_json(plan));
  if (options.dry_run) return plan;
  meter.begin_phase("apply");
  COPPICE_RETURN_IF_ERROR(apply_plan(plan, place));
  COPPICE_RETURN_IF_ERROR(write_model(place));
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
