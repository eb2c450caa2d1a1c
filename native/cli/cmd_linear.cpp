// coppice train-linear, and evaluate and predict of a linear model's folder: in coppice-tools, without libtorch.
#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>

#include "native/cli/backend_options.h"
#include "native/cli/command.h"
#include "native/linear/commands.h"
#include "shared/linear/features.h"

namespace coppice::cli {
namespace {

std::atomic<bool> g_interrupted{false};

void on_signal(int signal_number) {
  g_interrupted.store(true);
  std::signal(signal_number, SIG_DFL);  // a second Ctrl-C ends it at once
}

backend::Invocation invocation(char** argv) {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  return {typed_words(argv), &g_interrupted};
}

CLI::App* add_train_linear_options(CLI::App& app, linear::TrainLinearOptions& options) {
  CLI::App* command = app.add_subcommand("train-linear", kTrainLinearDescription);
  command->footer(
      "Logistic regression over hashed word 1- to 2-grams: the honest floor that a transformer has to beat. Each\n"
      "combination of --hash-bits and --l2 is fitted, and the validation reviews choose. `coppice evaluate`, "
      "`predict`\n"
      "and `catalog` take the folder as they take any model's.\n");
  command->add_option("--data", options.data, "Reviews: FILE.tsv, a folder of TSVs, or an aclImdb folder")->required();
  command->add_option("--output", options.output, "Model folder to write")->required();
  command->add_option("--train-limit", options.train_limit, "Train on a balanced sample of this many reviews; 0: all")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--validation-limit", options.validation_limit, "Validate on at most this many; 0: all")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--max-ngram", options.max_ngram, "Longest n-gram in words")
      ->check(CLI::Range(int64_t{1}, int64_t{3}))
      ->capture_default_str();
  command->add_option("--weighting", options.weighting, "binary: an n-gram occurs; sublinear: 1 + ln(how often)")
      ->check(CLI::IsMember({"binary", "sublinear"}))
      ->capture_default_str();
  command->add_option("--norm", options.norm, "l2: a review's features have length 1")
      ->check(CLI::IsMember({"none", "l2"}))
      ->capture_default_str();
  command
      ->add_option("--naive-bayes", options.naive_bayes_smoothing,
                   "Smoothing of the naive Bayes weighting of Wang and Manning (2012); 0: no such weighting")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      ->add_option("--hash-bits", options.hash_bits,
                   "Sizes to choose from, as powers of two: 21 is 2,097,152 weights of a byte each")
      ->delimiter(',')
      ->check(CLI::Range(linear::kLeastHashBits, linear::kMostHashBits))
      ->capture_default_str();
  command->add_option("--l2", options.l2, "Strengths of the L2 penalty to choose from")
      ->delimiter(',')
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--min-texts", options.min_texts, "N-grams of fewer training reviews get no weight")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--max-passes", options.max_passes, "Of the solver over the reviews, a fit")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  add_energy_options(*command, options.energy);
  command->add_option("--threads", options.threads, "Threads to read texts with; 0: one per available core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_flag("--json", options.json, "Print the run record as JSON");
  return command;
}

}  // namespace

void add_linear_commands(CLI::App& app, Outcome& outcome, char** argv) {
  // Live as long as the program: the parser writes into these.
  static linear::TrainLinearOptions train;
  static EvaluateOptions evaluate;
  static PredictOptions predict;
  add_train_linear_options(app, train)->callback([&outcome, argv] {
    outcome.exit_code = report("train-linear", linear::run_train_linear(train, invocation(argv)));
  });
  add_evaluate_options(app, evaluate)->callback([&outcome, argv] {
    outcome.exit_code = report("evaluate", linear::run_evaluate(evaluate, invocation(argv)));
  });
  add_predict_options(app, predict)->callback([&outcome, argv] {
    outcome.exit_code = report("predict", linear::run_predict(predict, invocation(argv)));
  });
}

}  // namespace coppice::cli
