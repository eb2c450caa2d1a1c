// train, calibrate, evaluate, predict, measure and prune: options are checked here, the work is done by coppice-torch,
// which replaces this process, so that signals and exit code need no passing on. A linear model needs no libtorch:
// evaluate and predict of one go to coppice-tools; measure times both kinds in turns, train and prune work on BERT
// alone. measure --url is coppice-tools' too. With --engine core, evaluate, predict and measure are done in this
// process.
#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <functional>

#include "native/cli/backend_options.h"
#include "native/cli/backend_program.h"
#include "native/cli/command.h"
#include "native/cli/sibling.h"
#include "native/export/model_folder.h"
#include "native/infer/commands.h"

namespace coppice::cli {
namespace {

Status become_backend(char** argv) {
  COPPICE_ASSIGN_OR_RETURN(const std::string program, prepare_backend());
  return become(program, argv);
}

// Of a folder without a manifest, or a broken one, the program that gets it says what is wrong.
bool is_linear(const std::string& folder) {
  const Result<records::Manifest> manifest = read_model_folder(folder, Verify::kNothing);
  return manifest.ok() && manifest->architecture == records::Architecture::kLinear;
}

Status bert_only(const std::string& folder, char** argv) {
  if (!is_linear(folder)) return become_backend(argv);
  return invalid_usage(folder + " is a linear model; this works on BERT-type models. For a linear one there are " +
                       "train-linear, evaluate, predict, measure and catalog.");
}

std::atomic<bool> g_interrupted{false};

void on_signal(int signal_number) {
  g_interrupted.store(true);
  std::signal(signal_number, SIG_DFL);  // a second Ctrl-C ends it at once
}

backend::Invocation core_invocation(char** argv) {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  return {typed_words(argv), &g_interrupted};
}

// Lives as long as the program: the parser writes into these.
struct AllOptions {
  TrainOptions train;
  CalibrateOptions calibrate;
  EvaluateOptions evaluate;
  PredictOptions predict;
  MeasureOptions measure;
  PruneOptions prune;
};

}  // namespace

void add_backend_commands(CLI::App& app, Outcome& outcome, char** argv) {
  static AllOptions options;
  const auto answer = [&outcome](CLI::App* command, const std::function<Status()>& run) {
    command->callback([&outcome, run, name = command->get_name()] { outcome.exit_code = report(name, run()); });
  };
  const auto judged = [argv](const std::string& folder) {
    return is_linear(folder) ? become_tools(argv) : become_backend(argv);
  };
  answer(add_train_options(app, options.train), [argv] { return bert_only(options.train.base, argv); });
  answer(add_prune_options(app, options.prune), [argv] { return bert_only(options.prune.model, argv); });
  answer(add_calibrate_options(app, options.calibrate), [argv] { return bert_only(options.calibrate.model, argv); });
  answer(add_evaluate_options(app, options.evaluate), [judged, argv] {
    const EvaluateOptions& o = options.evaluate;
    return o.engine == "core" && !is_linear(o.model) ? infer::run_evaluate(o, core_invocation(argv)) : judged(o.model);
  });
  answer(add_predict_options(app, options.predict), [judged, argv] {
    const PredictOptions& o = options.predict;
    return o.engine == "core" && !is_linear(o.model) ? infer::run_predict(o, core_invocation(argv)) : judged(o.model);
  });
  // Both kinds in turns.
  answer(add_measure_options(app, options.measure), [argv] {
    if (!options.measure.load.url.empty()) return become_tools(argv);
    if (options.measure.models.empty()) return invalid_usage("--model is required: a folder, or --url of a server");
    if (options.measure.engine == "core") return infer::run_measure(options.measure, core_invocation(argv));
    if (options.measure.profile) return invalid_usage("--profile is of this project's own kernels: add --engine core");
    return become_backend(argv);
  });
}

}  // namespace coppice::cli
