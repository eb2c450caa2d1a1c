#include "native/cli/backend_options.h"

#include <CLI/CLI.hpp>

namespace coppice::cli {
namespace {

void add_threads(CLI::App* command, int& threads) {
  command->add_option("--threads", threads, "Threads to compute with; 0: one per available core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
}

void add_json(CLI::App* command, bool& json, const std::string& what) { command->add_flag("--json", json, what); }

void add_engine(CLI::App* command, std::string& engine) {
  command
      ->add_option("--engine", engine,
                   "libtorch, or core: this project's own kernels, which skip zeros and compute int8 files in 8 bits")
      ->check(CLI::IsMember({"core", "libtorch"}))
      ->capture_default_str();
}

void add_gradual_pruning(CLI::App* command, TrainOptions& options) {
  const std::string group = "Gradual pruning";
  command
      ->add_option("--prune-to", options.prune_to,
                   "Prune while training, on a cubic schedule, until this share of the encoder's weights is 0")
      ->group(group)
      ->excludes(command->get_option("--keep-zeros"));
  command->add_option("--prune-score", options.prune_score, "magnitude, movement (first order) or fisher (second)")
      ->check(CLI::IsMember({"magnitude", "movement", "fisher"}))
      ->capture_default_str()
      ->group(group);
  command->add_option("--prune-scope", options.prune_scope, "Of the whole encoder, or the same share of each matrix")
      ->check(CLI::IsMember({"global", "matrix"}))
      ->capture_default_str()
      ->group(group);
  command->add_option("--prune-pattern", options.prune_pattern, "none, or blocks that go together (1x4, 4x1)")
      ->capture_default_str()
      ->group(group);
  command->add_option("--prune-begin", options.prune_begin, "Share of the steps before the first pruning")
      ->capture_default_str()
      ->group(group);
  command->add_option("--prune-end", options.prune_end, "Share of the steps at the last one; the rest recovers")
      ->capture_default_str()
      ->group(group);
  command->add_option("--prune-every", options.prune_every, "Steps between two prunings")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(group);
}

void add_distillation(CLI::App* command, TrainOptions& options) {
  command->add_option("--teacher", options.teacher,
                      "Distil from this model folder: its probabilities count beside the labels");
  command->add_option(
      "--unlabelled", options.unlabelled,
      "Also learn the teacher's judgement of reviews without labels: a data folder of coppice fetch imdb "
      "--unsupervised, or a folder of NUMBER_RATING.txt files");
  command->add_option("--unlabelled-limit", options.unlabelled_limit, "A sample of at most this many; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--teacher-answers", options.teacher_answers,
                      "Folder where the teacher's answers are kept, for other runs on the same reviews to read");
  command->add_option("--distillation-weight", options.distillation_weight, "Share of the teacher in the loss, 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--distillation-temperature", options.distillation_temperature, "Softens both sides' answers")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("--distillation-hidden-weight", options.distillation_hidden_weight,
                   "Weight of the squared difference of the last [CLS] vectors; 0: none")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      ->add_option("--teacher-hidden", options.teacher_hidden,
                   "Also the teacher's states after inner layers: off, cls (kept in memory) or tokens (all of them, "
                   "computed again in each step, which takes about a third longer)")
      ->check(CLI::IsMember({"off", "cls", "tokens"}))
      ->capture_default_str();
  command->add_option("--teacher-hidden-weight", options.teacher_hidden_weight, "Weight of their squared difference")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("--teacher-hidden-layers", options.teacher_hidden_layers,
                   "Teacher's layer for each of the student's but the last: auto (the same number, after pruning the "
                   "one it had), uniform, or numbers from 0 as in 0,1,3")
      ->capture_default_str();
}

}  // namespace

CLI::App* add_train_options(CLI::App& app, TrainOptions& options) {
  CLI::App* command = app.add_subcommand("train", "Fine-tune a BERT-type model on labelled reviews");
  command->add_option("--base", options.base, "Model folder to start from (config.json, weights, vocab.txt)")
      ->required();
  command->add_option("--data", options.data, "Reviews: FILE.tsv, a folder of TSVs, or an aclImdb folder")->required();
  command->add_option("--output", options.output, "Model folder to write")->required();
  command->add_option("--train-limit", options.train_limit, "Train on a balanced sample of this many reviews; 0: all")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--validation-limit", options.validation_limit, "Validate on at most this many; 0: all")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--max-length", options.max_length, "Longest input in tokens")
      ->check(CLI::Range(8, 4096))
      ->capture_default_str();
  command->add_option("--truncation", options.truncation, "What stays of longer reviews")
      ->check(CLI::IsMember({"head", "head_tail"}))
      ->capture_default_str();
  command->add_option("--epochs", options.epochs, "Passes over the reviews; fractions allowed")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--max-steps", options.max_steps, "Stop after this many optimiser steps; 0: no limit")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--batch-size", options.batch_size, "Reviews per optimiser step")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("--micro-batch-tokens", options.micro_batch_tokens,
                   "Tokens computed at once; less needs less memory and gives the same gradient")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--learning-rate", options.learning_rate, "Peak learning rate")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--warmup-ratio", options.warmup_ratio, "Share of the steps with rising learning rate")
      ->check(CLI::Range(0.0, 0.99))
      ->capture_default_str();
  command->add_option("--weight-decay", options.weight_decay, "AdamW decay, not on biases and LayerNorm")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--max-grad-norm", options.max_grad_norm, "Clip the gradient's norm to this")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--dropout", options.dropout, "Dropout everywhere; without it as config.json says")
      ->check(CLI::Range(0.0, 0.99));
  command->add_option("--seed", options.seed, "Of data order, dropout and new weights")->capture_default_str();
  command->add_option("--validations-per-epoch", options.validations_per_epoch)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--patience", options.patience, "Stop after this many validations without a gain; 0: never")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--checkpoint-every", options.checkpoint_every_seconds, "Seconds between checkpoints")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("--precision", options.precision,
                   "Of matrix products while training; bf16 halves the time and more on a CPU with avx512_bf16")
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->capture_default_str();
  command->add_flag("--keep-zeros", options.keep_zeros,
                    "Hold the encoder weights that are 0 at 0: recovery after magnitude pruning");
  add_gradual_pruning(command, options);
  add_distillation(command, options);
  command->add_flag("--resume", options.resume, "Continue from the checkpoint in the output folder");
  command->add_option("--energy-budget", options.energy_budget_joules, "Joules after which to stop at a checkpoint")
      ->check(CLI::PositiveNumber);
  add_energy_options(*command, options.energy);
  add_threads(command, options.threads);
  add_json(command, options.json, "Print the run record as JSON");
  return command;
}

CLI::App* add_calibrate_options(CLI::App& app, CalibrateOptions& options) {
  CLI::App* command =
      app.add_subcommand("calibrate", "Ranges of activations over held-out reviews, as static int8 scales take them");
  command->add_option("--model", options.model, "Model folder")->required();
  command->add_option("--data", options.data, "Reviews: a file is taken whole, of a folder the validation part")
      ->required();
  command->add_option("--limit", options.limit, "A balanced sample of at most this many reviews; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      ->add_option("--method", options.method,
                   "minmax: all values; percentile: without the outermost; mse: where rounding and clipping change "
                   "the values least")
      ->check(CLI::IsMember({"minmax", "percentile", "mse"}))
      ->capture_default_str();
  command->add_option("--percentile", options.percentile, "percentile: share of the values to keep, in percent")
      ->capture_default_str();
  command->add_option("--output", options.output, "Write the JSON to this file instead of standard output");
  add_threads(command, options.threads);
  add_json(command, options.json, "On one line");
  command->footer(
      "coppice export --activations static does this itself. JSON: {\"model\",\"weights_sha256\",\"data\",\"method\","
      "\n\"unknown_token_share\",\"inputs\":[{\"name\",\"low\",\"high\",\"observed_low\",\"observed_high\",\"clipped\"}"
      ",...]},"
      "\nan entry for each input of a product of the network; clipped is the share of values outside low..high.\n");
  return command;
}

CLI::App* add_evaluate_options(CLI::App& app, EvaluateOptions& options) {
  CLI::App* command = app.add_subcommand("evaluate", "Accuracy and other metrics of a model on labelled reviews");
  command->add_option("--model", options.model, "Model folder")->required();
  command->add_option("--data", options.data, "Reviews: FILE.tsv, FILE.jsonl, a folder of TSVs, or an aclImdb folder")
      ->required();
  command->add_option("--split", options.split, "Part of a folder; a single file is taken whole")
      ->check(CLI::IsMember({"train", "validation", "test"}))
      ->capture_default_str();
  command->add_option("--limit", options.limit, "A balanced sample of at most this many reviews; 0: all")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--predictions", options.predictions, "Write one JSON line per review to this file");
  command->add_option("--against", options.against,
                      "Another model folder, judging the same reviews: how far the logits are apart and which verdicts "
                      "differ, for instance int8 weights against those they were made from");
  command->add_flag("--record", options.record, "Add the run record to the model folder and renew its manifest");
  add_energy_options(*command, options.energy);
  add_engine(command, options.engine);
  add_threads(command, options.threads);
  add_json(command, options.json, "Print the metrics as JSON");
  command->footer(
      "A folder with int8 weights is judged in its own arithmetic: products of 8-bit weights and of activations "
      "rounded\n"
      "to 8 bits as they come, one review at a time, as ONNX Runtime computes the file. \"arithmetic\" says so.\n"
      "--against adds \"against\": {\"model\",\"max_logit_difference\",\"mean_logit_difference\",\"agreement\","
      "\"flips\",\n\"only_this_right\",\"only_other_right\",\"p_value\" (McNemar),\"accuracy_difference\" with its "
      "interval,\"flipped_reviews\"}.\n"
      "Where the other's vocabulary is another, also \"tokenization\": {\"words\",\"tokens\",\"other_tokens\","
      "\"split_further\",\n\"split_further_share\" (words of more pieces here),\"unknown\",\"unknown_share\","
      "\"other_unknown\",\"unknown_here_only\"}.\n");
  return command;
}

CLI::App* add_predict_options(CLI::App& app, PredictOptions& options) {
  CLI::App* command = app.add_subcommand("predict", "Judge reviews: positive or negative");
  command->add_option("--model", options.model, "Model folder")->required();
  command->add_option("--file", options.file, "JSON Lines with a \"text\" each, or - for standard input");
  command->add_option("text", options.texts, "Reviews");
  add_engine(command, options.engine);
  add_threads(command, options.threads);
  add_json(command, options.json, "Print one JSON line per review");
  return command;
}

namespace {

void add_url_options(CLI::App& command, UrlOptions& options) {
  CLI::Option_group* group = command.add_option_group("Of a served model");
  CLI::Option* url =
      group->add_option("--url", options.url,
                        "Address of /v1/classify: requests at a constant rate, whatever the server does,\n"
                        "each timed from when it was due; --warmup come first, one by one, told apart");
  const auto add = [&](CLI::Option* option) { option->needs(url)->capture_default_str(); };
  add(group->add_option("--rate", options.rate_per_second, "Requests a second")->check(CLI::Range(0.001, 1e5)));
  add(group->add_option("--duration", options.seconds, "Seconds of it")->check(CLI::Range(0.01, 86400.0)));
  add(group->add_option("--connections", options.connections, "At most so many requests at a time")
          ->check(CLI::Range(int64_t{1}, int64_t{4096})));
  add(group->add_option("--timeout", options.timeout_seconds, "Seconds until a request has failed")
          ->check(CLI::Range(0.01, 3600.0)));
  group->add_flag("--include-usage", options.include_usage, "Sum up the energy and carbon that the server tells")
      ->needs(url);
  add(group->add_option("--token-variable", options.token_variable,
                        "Environment variable with a bearer token for the server, e.g. TOKEN"));
  add(group->add_option("--output", options.output, "Folder whose runs/ gets the run record"));
  add(group->add_option("--cloud-project", options.cloud_project,
                        "Project of a Cloud Run service: revision, region and instances from Cloud Monitoring, with\n"
                        "the token in CLOUDSDK_AUTH_ACCESS_TOKEN or of the metadata server (GCE_METADATA_HOST)"));
  add(group->add_option("--cloud-service", options.cloud_service, "Its name, where the address does not tell it"));
  add(group
          ->add_option("--cloud-wait", options.cloud_wait_seconds,
                       "Seconds to wait for Cloud Monitoring, which publishes minutes late")
          ->check(CLI::Range(0.0, 3600.0)));
  add(group->add_option("--monitoring-url", options.monitoring_url, "Base address of Cloud Monitoring"));
}

}  // namespace

CLI::App* add_measure_options(CLI::App& app, MeasureOptions& options) {
  CLI::App* command = app.add_subcommand("measure", "Time and energy of one inference, per prompt and overall");
  command->add_option("--model", options.models,
                      "Model folder; several are measured in turns. With --url: id, or every model of the server");
  command->add_option("--prompts", options.prompts, "JSON Lines with a \"text\" each, TSV, or plain text, one a line");
  command->add_option("--latency-table", options.latency_table,
                      "Instead of prompts: time models of this one's shape at several widths and write the table that "
                      "`coppice prune --latency-table` reads to this file");
  command->add_option("--tokens", options.tokens, "Length of the latency table's review")
      ->check(CLI::Range(int64_t{2}, int64_t{4096}))
      ->capture_default_str();
  command->add_option("--repeats", options.repeats, "Timed runs per prompt")
      ->check(CLI::Range(int64_t{3}, int64_t{100000}))
      ->capture_default_str();
  command->add_option("--warmup", options.warmup, "Untimed runs per prompt first")
      ->check(CLI::Range(int64_t{0}, int64_t{1000}))
      ->capture_default_str();
  command
      ->add_option("--idle-seconds", options.idle_seconds,
                   "Watch the machine this long before the first run and report its idle power and load; 0: do not")
      ->check(CLI::Range(0.0, 600.0))
      ->capture_default_str();
  command->add_option("--csv", options.csv, "Write the table, one row per prompt and model, to this file");
  command->add_flag("--record", options.record, "Add the run record to each model folder and renew its manifest");
  command->add_flag("--profile", options.profile,
                    "With --engine core: time by operator and layer, share of multiplications skipped, achieved rate "
                    "against the peak");
  add_energy_options(*command, options.energy);
  add_url_options(*command, options.load);
  add_engine(command, options.engine);
  add_threads(command, options.threads);
  add_json(command, options.json, "Print the result as JSON instead of a table");
  return command;
}

CLI::App* add_prune_options(CLI::App& app, PruneOptions& options) {
  CLI::App* command = app.add_subcommand("prune", "Make a model smaller: plan first, then apply");
  command->add_option("--model", options.model, "Model folder to prune")->required();
  command->add_option("--output", options.output, "Model folder to write");
  command->add_option("--plan", options.plan, "Apply this plan (JSON) instead of making one");
  command
      ->add_option(
          "--method", options.method,
          "magnitude, movement (first order), fisher (second order): encoder weights of the lowest score "
          "become 0; reconstruction: so many become 0 and the others are fitted anew, matrix after matrix, so that "
          "little changes; structured: layers, heads and feed-forward neurons go; vocabulary: tokens that the reviews "
          "do not use go")
      ->check(CLI::IsMember({"magnitude", "movement", "fisher", "reconstruction", "structured", "vocabulary"}));
  command->add_option("--sparsity", options.sparsity,
                      "unstructured: share of the encoder's weights to set to 0; 0.8, or what --pattern N:M means");
  command
      ->add_option("--scope", options.scope,
                   "unstructured: lowest scores of the whole encoder (global) or the same share of each matrix")
      ->check(CLI::IsMember({"global", "matrix"}))
      ->capture_default_str();
  command
      ->add_option("--pattern", options.pattern,
                   "unstructured: none, blocks that go together (1x4, 4x1: outputs x inputs), or N:M (2:4)")
      ->capture_default_str();
  CLI::Option_group* budget = command->add_option_group(
      "Budget", "structured: what share of the model to keep; half of the FLOPs if not given");
  budget->add_option("--keep-flops", options.keep_flops, "Share of the encoder's FLOPs at --tokens tokens");
  budget->add_option("--keep-parameters", options.keep_parameters, "Share of the encoder's weights");
  budget->add_option("--keep-latency", options.keep_latency, "Share of the time, by --latency-table");
  budget->require_option(0, 1);
  command->add_option("--latency-table", options.latency_table,
                      "structured: times of the target runtime, as `coppice measure --latency-table` writes them");
  command
      ->add_option(
          "--keep-layers", options.keep_layers,
          "structured: all; a number: the others go, each time the one the loss misses least; auto: the number "
          "with the lowest loss under the budget")
      ->capture_default_str();
  command
      ->add_option("--importance", options.importance,
                   "structured: taylor (change of the loss on --data, first order) or magnitude (norm of the weights)")
      ->check(CLI::IsMember({"taylor", "magnitude"}))
      ->capture_default_str();
  command->add_option("--tokens", options.tokens, "structured: review length at which FLOPs are counted")
      ->check(CLI::Range(int64_t{2}, int64_t{4096}))
      ->capture_default_str();
  command
      ->add_option("--min-count", options.min_count, "vocabulary: tokens that occur less often in the training part go")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("--keep-tokens", options.keep_tokens,
                   "vocabulary: so many tokens stay, the most frequent; single characters always do")
      ->check(CLI::PositiveNumber);
  command->add_option("--data", options.data,
                      "Reviews for what needs them: training part for movement, fisher, reconstruction and "
                      "vocabulary, validation part for taylor and --keep-layers");
  command->add_option("--importance-reviews", options.importance_reviews, "How many of them")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_flag("--mask-only", options.mask_only,
                    "structured: set heads and neurons to 0 instead of removing them; the logits are the same");
  command->add_flag("--dry-run", options.dry_run, "Print the plan and write nothing");
  command->add_option("--seed", options.seed)->capture_default_str();
  add_energy_options(*command, options.energy);
  add_threads(command, options.threads);
  add_json(command, options.json, "Print the plan (with --dry-run) or the run record as JSON");
  return command;
}

}  // namespace coppice::cli
