// train, evaluate, predict, measure and prune: options are checked here, the work is done by coppice-torch, which
// replaces this process, so that signals and exit code need no passing on.

#include "native/cli/backend_options.h"
#include "native/cli/backend_program.h"
#include "native/cli/command.h"
#include "native/cli/sibling.h"

namespace coppice::cli {
namespace {

Status become_backend(char** argv) {
  COPPICE_ASSIGN_OR_RETURN(const std::string program, prepare_backend());
  return become(program, argv);
}

// Lives as long as the program: the parser writes into these.
struct AllOptions {
  TrainOptions train;
  EvaluateOptions evaluate;
  PredictOptions predict;
  MeasureOptions measure;
  PruneOptions prune;
};

}  // namespace

void add_backend_commands(CLI::App& app, Outcome& outcome, char** argv) {
  static AllOptions options;
  for (CLI::App* command : {add_train_options(app, options.train), add_prune_options(app, options.prune),
                            add_evaluate_options(app, options.evaluate), add_predict_options(app, options.predict),
                            add_measure_options(app, options.measure)}) {
    command->callback(
        [&outcome, argv, name = command->get_name()] { outcome.exit_code = report(name, become_backend(argv)); });
  }
}

}  // namespace coppice::cli
