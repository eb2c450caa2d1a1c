// train, calibrate, evaluate, predict, measure and prune: options are checked here, the work is done by coppice-torch,
// which replaces this process, so that signals and exit code need no passing on. A linear model needs no libtorch:
// evaluate and predict of one go to coppice-tools; measure times both kinds in turns, train and prune work on BERT
// alone.
#include <CLI/CLI.hpp>
#include <functional>

#include "native/cli/backend_options.h"
#include "native/cli/backend_program.h"
#include "native/cli/command.h"
#include "native/cli/sibling.h"
#include "native/export/model_folder.h"

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
  answer(add_evaluate_options(app, options.evaluate), [judged] { return judged(options.evaluate.model); });
  answer(add_predict_options(app, options.predict), [judged] { return judged(options.predict.model); });
  answer(add_measure_options(app, options.measure), [argv] { return become_backend(argv); });  // both kinds in turns
}

}  // namespace coppice::cli
